package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "lists-a-tool-twice", Says: "Lists its first tool twice.",
	Breaks: []string{"MCP-IX-02"},
	Tampering: inprocess.Tampering{Portal: told("tools/list", func(_, answer message) {
		if result, ok := answer["result"].(map[string]any); ok {
			if tools, _ := result["tools"].([]any); len(tools) > 0 {
				result["tools"] = append([]any{tools[0]}, tools...)
			}
		}
	})},
})
