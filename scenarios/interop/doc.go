// Package interop puts clients and servers that nobody here wrote before and
// behind the portal: mcp-remote with a real browser, and the MCP project's
// own everything server.
package interop
