package mutants

import (
	"encoding/json"
	"slices"
)

var _ = add(Mutant{
	ID: "disorders-progress", Says: "Tells progress in another order than it was made in.",
	Breaks: []string{"MCP-FS-39"},
	Tampering: streaming("wiki_count", func(call message, events []string) []string {
		if call.member("params").member("arguments")["to"] != json.Number("4") {
			return events
		}
		slices.Reverse(events[:len(events)-1])
		return events
	}),
})
