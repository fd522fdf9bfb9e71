package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "tokens-in-the-address", Says: "Takes an access token from the query of a request.",
	Breaks: []string{"MCP-FA-06"},
	Tampering: inprocess.Tampering{Access: at("/mcp", asked(func(r *http.Request, _ message) {
		if token := r.URL.Query().Get("access_token"); token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
			r.URL.RawQuery = ""
		}
	}))},
})
