package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "malformed-is-fine", Says: "Answers a malformed authorization request with 200 and an apology.",
	Breaks: []string{"MCP-FA-03"},
	Tampering: inprocess.Tampering{Access: at("/oauth/authorize", answered(func(_ *http.Request, _ []byte, a *answer) {
		if a.Status == http.StatusBadRequest {
			a.Status = http.StatusOK
		}
	}))},
})
