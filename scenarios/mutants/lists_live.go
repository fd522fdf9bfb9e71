package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "lists-live", Says: "Knocks at a server whenever a client lists.",
	Breaks: []string{"TC-07"}, Tampering: live(),
})

func live() inprocess.Tampering {
	var knock func(*http.Request)
	return inprocess.Tampering{
		Config: func(c *reference.Config) { knock = knocker(c) },
		Portal: at("/mcp", func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asks(r, "tools/list", "prompts/list") {
					knock(r)
				}
				next.ServeHTTP(w, r)
			})
		}),
	}
}
