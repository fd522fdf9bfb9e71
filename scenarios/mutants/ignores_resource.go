package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "ignores-resource", Says: "Issues a token for itself, whatever resource the client names.",
	Breaks: []string{"MO-03"},
	Tampering: inprocess.Tampering{Access: at("/oauth/authorize", asked(func(r *http.Request, _ message) {
		q := r.URL.Query()
		q.Del("resource")
		r.URL.RawQuery = q.Encode()
	}))},
})
