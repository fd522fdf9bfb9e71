package mutants

import (
	"slices"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "leaves-a-namesake-out", Says: "Lists of two tools that share a name the first.",
	Breaks: []string{"NS-05", "MCP-IX-01"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", listed("tools", func(all []any) []any {
		return slices.DeleteFunc(all, func(tool any) bool { return nameOf(tool) == "docs_search" })
	}))},
})
