package mutants

import (
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "rewords-refusals", Says: "Puts words of its own in the place of a server's error.",
	Breaks: []string{"MCP-IX-17"},
	Tampering: inprocess.Tampering{Portal: told("tools/call", func(_, answer message) {
		if e, ok := answer["error"].(map[string]any); ok && e["message"] == "the server refuses" {
			e["message"] = "the call failed"
		}
	})},
})
