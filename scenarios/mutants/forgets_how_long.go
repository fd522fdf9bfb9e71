package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "forgets-how-long", Says: "Lists prompts without a word about how long the list may be kept.",
	Breaks: []string{"MCP-FS-33"},
	Tampering: inprocess.Tampering{Portal: told("prompts/list", func(_, answer message) {
		if result, ok := answer["result"].(map[string]any); ok {
			delete(result, "ttlMs")
		}
	})},
})
