package mutants

import (
	"slices"
	"sync/atomic"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "shuffles-tools", Says: "Lists tools in another order every other time.",
	Breaks:    []string{"MCP-FS-32"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", listed("tools", everyOtherTime()))},
})

func everyOtherTime() func([]any) []any {
	var times atomic.Int64
	return func(all []any) []any {
		if times.Add(1)%2 == 0 {
			slices.Reverse(all)
		}
		return all
	}
}
