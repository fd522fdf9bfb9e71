package mutants

import (
	"net/http"
)

var _ = add(Mutant{
	ID: "keeps-the-prefix", Says: "Calls a tool by the name that the client called it by.",
	Breaks: []string{"TC-01"},
	Also:   []string{"GW-01"}, // the gateway logs the wrong name
	Tampering: calling("tickets", "create", func(r *http.Request, call message) {
		call.member("params")["name"] = "tickets_create"
		if r.Header.Get("Mcp-Name") != "" {
			r.Header.Set("Mcp-Name", "tickets_create")
		}
	}),
})
