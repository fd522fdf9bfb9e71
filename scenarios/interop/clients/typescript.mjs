// A client of the official TypeScript SDKs, driven over standard input and
// output, a line of JSON each way:
//
//   {"do": "list"} -> {"tools": ["wiki_search", …]}
//   {"do": "call", "name": …, "arguments": …} -> {"text": …}
//   {"do": "close"} -> {}
//
// Any command may fail: {"error": …}. Before the answer may come
// {"open": url}: what a person must open in a browser.
//
//   node typescript.mjs sdk|client REVISION ENDPOINT FILE
//
// sdk is @modelcontextprotocol/sdk (1.x), client is
// @modelcontextprotocol/client (2.x). FILE keeps the credentials.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const [which, revision, endpoint, file] = process.argv.slice(2);
const say = line => process.stdout.write(JSON.stringify(line) + '\n');

const { Client, StreamableHTTPClientTransport, UnauthorizedError } =
  which === 'client' ? await import('@modelcontextprotocol/client') : {
    ...await import('@modelcontextprotocol/sdk/client/index.js'),
    ...await import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    ...await import('@modelcontextprotocol/sdk/client/auth.js'),
  };

// kept outlives the program, as the key store of an editor would.
const kept = existsSync(file) ? JSON.parse(readFileSync(file)) : {};
const keep = (name, value) => {
  kept[name] = value;
  writeFileSync(file, JSON.stringify(kept), { mode: 0o600 });
};

// The callback comes back to the port that was registered.
let arrived;
const callback = createServer((request, response) => {
  const at = new URL(request.url, 'http://127.0.0.1');
  response.writeHead(at.pathname === '/callback' ? 200 : 404, { 'Content-Type': 'text/html', Connection: 'close' });
  response.end('<title>Done</title><p>This window may be closed.');
  if (at.pathname === '/callback') arrived?.(at.searchParams);
});
await new Promise(ready => callback.listen(kept.port ?? 0, '127.0.0.1', ready));
keep('port', callback.address().port);

let verifier, state, back;
const provider = {
  redirectUrl: `http://127.0.0.1:${kept.port}/callback`,
  get clientMetadata() {
    return {
      client_name: 'interop, TypeScript', redirect_uris: [this.redirectUrl], token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    };
  },
  state: () => (state = randomUUID()),
  clientInformation: () => kept.client,
  saveClientInformation: client => keep('client', client),
  tokens: () => kept.tokens,
  saveTokens: tokens => keep('tokens', tokens),
  saveCodeVerifier: value => { verifier = value; },
  codeVerifier: () => verifier,
  redirectToAuthorization: url => {
    back = new Promise(resolve => { arrived = resolve; });
    say({ open: url.href });
  },
  invalidateCredentials: what => {
    if (what === 'all' || what === 'client') keep('client', undefined);
    if (what === 'all' || what === 'tokens') keep('tokens', undefined);
  },
};

let client, transport;

// signedIn waits for the person and redeems what came back. The SDKs leave the
// check of state to the program.
async function signedIn() {
  const came = await back;
  if (came.get('state') !== state) throw new Error('a foreign state came back');
  await transport.finishAuth(which === 'client' ? came : came.get('code'));
}

async function connect() {
  transport = new StreamableHTTPClientTransport(new URL(endpoint), { authProvider: provider });
  const options = revision >= '2026-07-28' ? { versionNegotiation: { mode: { pin: revision } } } : {};
  client = new Client({ name: 'interop', version: '1' }, options);
  await client.connect(transport);
}

// afterSigningIn tries once more if a person had to sign in first.
async function afterSigningIn(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await signedIn();
    return act();
  }
}

const commands = {
  list: async () => ({ tools: (await client.listTools()).tools.map(tool => tool.name) }),
  call: async ({ name, arguments: args }) => {
    const result = await client.callTool({ name, arguments: args });
    const text = result.content.filter(c => c.type === 'text').map(c => c.text).join('');
    return result.isError ? { error: text } : { text };
  },
  close: async () => {
    await client?.close();
    callback.close();
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    if (!client && command.do !== 'close') await afterSigningIn(connect);
    say(await afterSigningIn(() => commands[command.do](command)));
  } catch (error) {
    if (!transport) client = undefined;
    say({ error: `${error.name}: ${error.message}` });
  }
  if (command.do === 'close') process.exit(0);
}
