package mutants

import (
	"encoding/json"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "retired-codes", Says: "Tells an error of a server's own under a code that the protocol has retired.",
	Breaks: []string{"MCP-IX-17"},
	Tampering: inprocess.Tampering{Portal: told("tools/call", func(_, answer message) {
		if e, ok := answer["error"].(map[string]any); ok && e["code"] == json.Number("-32010") {
			e["code"] = -32042
		}
	})},
})
