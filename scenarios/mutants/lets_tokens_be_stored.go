package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "lets-tokens-be-stored", Says: "Answers at its token endpoint without a word against storing.",
	Breaks: []string{"SEC-D-16"},
	Tampering: inprocess.Tampering{Access: at("/oauth/token", answered(func(_ *http.Request, _ []byte, a *answer) {
		a.Header.Del("Cache-Control")
	}))},
})
