package mutants

import (
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "lists-twice", Says: "Lists under one name what two servers offer.",
	Breaks: []string{"MCP-IX-02"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", listed("tools", func(all []any) []any {
		for _, item := range all {
			if nameOf(item) == "a_b_echo" {
				return append(all, item)
			}
		}
		return all
	}))},
})
