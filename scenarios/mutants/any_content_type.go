package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "any-content-type", Says: "Takes a call for JSON whatever its content type says.",
	Breaks: []string{"SEC-H-05"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", asked(func(r *http.Request, m message) {
		if m.method() == "tools/call" {
			r.Header.Set("Content-Type", "application/json")
		}
	}))},
})
