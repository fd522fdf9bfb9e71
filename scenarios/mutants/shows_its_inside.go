package mutants

import (
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "shows-its-inside", Says: "Tells a client in which of its own files a call failed.",
	Breaks: []string{"MCP-IX-17"},
	Tampering: inprocess.Tampering{Portal: told("tools/call", func(_, answer message) {
		if e, ok := answer["error"].(map[string]any); ok && strings.HasPrefix(e["message"].(string), `server "rude"`) {
			e["message"] = e["message"].(string) + " (relay.go:57)"
		}
	})},
})
