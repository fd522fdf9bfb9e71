// Package portico is a testing and simulation harness for portals of MCP
// servers, with a reference portal that passes it. README.md says how to begin.
package portico
