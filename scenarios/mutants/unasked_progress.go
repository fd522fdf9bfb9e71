package mutants

import (
	"encoding/json"
)

var _ = add(Mutant{
	ID: "unasked-progress", Says: "Tells progress to clients that did not ask for it.",
	Breaks: []string{"MCP-FS-39"},
	Tampering: streaming("wiki_count", func(call message, events []string) []string {
		if call.member("params").member("arguments")["to"] != json.Number("2") {
			return events
		}
		const progress = `data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"portal-1","progress":1}}`
		return append([]string{progress}, events...)
	}),
})
