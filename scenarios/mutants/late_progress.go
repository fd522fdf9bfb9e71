package mutants

import (
	"encoding/json"
	"slices"
)

var _ = add(Mutant{
	ID: "late-progress", Says: "Tells progress after the answer.",
	Breaks: []string{"MCP-FS-39"},
	Tampering: streaming("wiki_count", func(call message, events []string) []string {
		if call.member("params").member("arguments")["to"] != json.Number("4") {
			return events
		}
		slices.Reverse(events)
		return events
	}),
})
