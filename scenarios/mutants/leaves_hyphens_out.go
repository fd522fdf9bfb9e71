package mutants

import (
	"slices"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "leaves-hyphens-out", Says: "Lists no tool of a server whose id has a hyphen.",
	Breaks: []string{"NS-04"},
	Tampering: inprocess.Tampering{Portal: told("tools/list", func(_, answer message) {
		result := answer.member("result")
		tools, _ := result["tools"].([]any)
		result["tools"] = slices.DeleteFunc(tools, func(t any) bool {
			tool, _ := t.(map[string]any)
			name, _ := tool["name"].(string)
			server, _, _ := strings.Cut(name, "_")
			return strings.Contains(server, "-")
		})
	})},
})
