// A server of the official TypeScript SDKs with two tools. It prints its
// endpoint and serves until it is killed.
//
//   node server.mjs sdk|server
//
// sdk is @modelcontextprotocol/sdk (1.x, 2025-11-25), server is
// @modelcontextprotocol/server (2.x, 2026-07-28 too).
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { z } from 'zod';

const which = process.argv[2];

// tools gives a fresh server with the two tools.
function tools(McpServer) {
  const server = new McpServer({ name: 'mine', version: '1' });
  server.registerTool('greet', { description: 'Greets.', inputSchema: z.object({ name: z.string() }) },
    ({ name }) => ({ content: [{ type: 'text', text: `hello, ${name} ☃` }] }));
  server.registerTool('add', { description: 'Adds.', inputSchema: z.object({ a: z.number(), b: z.number() }) },
    ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }] }));
  return server;
}

async function old() {
  const { McpServer } = await import('@modelcontextprotocol/sdk/server/mcp.js');
  const { StreamableHTTPServerTransport } = await import('@modelcontextprotocol/sdk/server/streamableHttp.js');
  const sessions = new Map();
  return async (request, response) => {
    const id = request.headers['mcp-session-id'];
    let transport = sessions.get(id);
    if (!transport && id) return response.writeHead(404).end();
    if (!transport) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID, onsessioninitialized: id => sessions.set(id, transport),
      });
      transport.onclose = () => sessions.delete(transport.sessionId);
      await tools(McpServer).connect(transport);
    }
    await transport.handleRequest(request, response);
  };
}

async function current() {
  const { McpServer, createMcpHandler } = await import('@modelcontextprotocol/server');
  const { toNodeHandler } = await import('@modelcontextprotocol/node');
  return toNodeHandler(createMcpHandler(() => tools(McpServer)));
}

const http = createServer(await (which === 'server' ? current() : old()));
http.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ endpoint: `http://127.0.0.1:${http.address().port}/mcp` })));
