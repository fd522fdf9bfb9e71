package mutants

import (
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "refuses-without-id", Says: "Refuses a call of an unknown tool under the id null.",
	Breaks: []string{"MCP-FS-27"},
	Tampering: inprocess.Tampering{Portal: told("tools/call", func(request, answer message) {
		if params := request.member("params"); params["name"] == "wiki_dream" {
			answer["id"] = nil
		}
	})},
})
