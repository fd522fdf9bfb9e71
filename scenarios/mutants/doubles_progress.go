package mutants

import (
	"encoding/json"
	"slices"
)

var _ = add(Mutant{
	ID: "doubles-progress", Says: "Tells all progress twice.",
	Breaks: []string{"MCP-FS-39"},
	Tampering: streaming("wiki_count", func(call message, events []string) []string {
		if call.member("params").member("arguments")["to"] != json.Number("4") {
			return events
		}
		last := len(events) - 1
		return append(slices.Repeat(events[:last:last], 2), events[last])
	}),
})
