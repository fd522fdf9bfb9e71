package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "repeats-the-token", Says: "Repeats in a header of each list of tools the token by which the client got in.",
	Breaks: []string{"MCP-FA-07", "SEC-Q-02"},
	Tampering: inprocess.Tampering{Access: at("/mcp", answered(func(r *http.Request, request []byte, a *answer) {
		if read(request).method() == "tools/list" && a.Status == http.StatusOK {
			a.Header.Set("X-Authorization", r.Header.Get("Authorization"))
		}
	}))},
})
