package catalog

import "strings"

// MaxName is the most bytes a full name may have (MCP 2025-11-25, Tools, "Tool
// Names"; portals hold prompts to the same).
const MaxName = 128

// Name is what clients know a tool or prompt by: {server}_{name}.
type Name string

// Join makes the full name of what a server calls name. The server's id holds
// no underscore, or [Name.Split] would not give it back.
func Join(server, name string) Name { return Name(server + "_" + name) }

// Split divides a full name at its first underscore. ok is false if there is
// none or if nothing stands on one side of it.
func (n Name) Split() (server, name string, ok bool) {
	server, name, ok = strings.Cut(string(n), "_")
	return server, name, ok && server != "" && name != ""
}
