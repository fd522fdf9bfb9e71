package mutants

import (
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "shares-lists", Says: "Marks its lists as good for everybody.",
	Breaks: []string{"MCP-FS-34"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", told("tools/list", func(_, answer message) {
		if result, ok := answer["result"].(map[string]any); ok && result["cacheScope"] != nil {
			result["cacheScope"] = "public"
		}
	}))},
})
