package mutants

import (
	"encoding/json"
)

var _ = add(Mutant{
	ID: "loses-progress", Says: "Keeps the progress of a call to itself.",
	Breaks: []string{"MCP-FS-39"},
	Tampering: streaming("wiki_count", func(call message, events []string) []string {
		if call.member("params").member("arguments")["to"] != json.Number("4") {
			return events
		}
		return events[len(events)-1:]
	}),
})
