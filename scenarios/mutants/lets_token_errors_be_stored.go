package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "lets-token-errors-be-stored", Says: "Refuses a token without a word against storing that.",
	Breaks: []string{"SEC-D-16"},
	Tampering: inprocess.Tampering{Access: at("/oauth/token", answered(func(_ *http.Request, _ []byte, a *answer) {
		if a.Status >= http.StatusBadRequest {
			a.Header.Del("Cache-Control")
		}
	}))},
})
