// Package upstream is the client side of the portal: it finds out which
// revision of MCP a server speaks, holds the session where there is one, and
// relays requests to it raw.
//
// What goes over the wire is what MCP asks for, the credential that the caller
// puts on, and nothing of the client's request: no cookie, no forwarding
// header, no id and no progress token.
//
// # Why not the client of mcp-go
//
// mcp-go carries the simulators; v1.2.1 does not carry the relay:
//
//   - It decodes and encodes: unknown members of params, tools and results are dropped, an unknown content type fails the call, integers above 2^53 in _meta change. Measured at 64 KB: 28 to 41 times the CPU of a plain proxy.
//   - It loses errors: code and data of an upstream's JSON-RPC error become a bare -32603.
//   - It takes every HTTP 404 for the end of the session, so that "method not found" of the 2026-07-28 revision is never seen.
//   - It takes an unsupported-version error that lists the version it asked for as a reason to fall back to initialize.
//   - It accepts results of an unknown resultType as complete.
//   - It takes an empty nextCursor for the end of a list.
//   - It never sends notifications/cancelled over HTTP.
//   - Its notification handlers belong to the client, not to a call: with four calls at once, 30 of 40 progress notifications were seen on another call's stream.
//   - Its DELETE of the session carries no credential, so sessions leak on every server that asks for one.
package upstream
