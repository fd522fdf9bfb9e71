// Package portal is one MCP endpoint in front of many MCP servers.
//
// A request passes it in one direction: who asks is established from the
// application token that the front door attached (identify), the name is looked
// up in the catalogue (resolve), the credential for that server is obtained
// (authorise), the call is sent on raw (forward), and what comes back is written
// in the revision that the client speaks (answer). Every MCP method has one
// function that reads in this order.
//
// Beside the calls the portal synchronizes: it asks each server for its tools
// and prompts every two hours, with the administrator's credential, and never
// through the gateway. The two ways of reaching a server are two HTTP clients,
// Config.Direct and Config.Inspected; the syncer is given only the first.
//
// # What the documents leave open, and what was decided
//
//   - An unknown tool, and one that the caller may not see, are the same
//     -32602. A server that cannot be reached is -32603 and names the server.
//   - A server that wants a credential which the caller has not got, or no
//     longer takes it, is a tool result with isError that says "unauthorized"
//     and where to connect; for prompts/get, which has no such result, -32603.
//     Never an HTTP 401: that would send the client to the portal's own
//     authorization server.
//   - GET on the endpoint is 405. The portal sends nothing outside the stream of
//     a request, so an open stream would only cost memory.
//   - list_changed is not sent and not advertised; 2026-07-28 clients are told
//     how long a list may be kept instead.
//   - Of an upstream's notifications those that concern the request pass, such
//     as progress. Log messages do not: the portal does not advertise logging.
//   - While a server is synchronized again it keeps the status it had.
package portal
