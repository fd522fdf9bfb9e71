package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "guesses-servers", Says: "Looks for the server of a name that has no prefix.",
	Breaks: []string{"NS-11", "MCP-IX-05", "MCP-FS-41"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", asked(func(r *http.Request, m message) {
		if m.method() == "tools/call" && m.named() == "search" {
			m.member("params")["name"] = "wiki_search"
			if r.Header.Get("Mcp-Name") != "" {
				r.Header.Set("Mcp-Name", "wiki_search")
			}
		}
	}))},
})
