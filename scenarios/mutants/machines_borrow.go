package mutants

import (
	"net/http"
	"sync/atomic"

	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "machines-borrow", Says: "Lets a machine call with the credential of the person who called last.",
	Breaks:    []string{"ST-05"},
	Also:      []string{"CR-01", "CR-06", "MCP-UA-13"}, // the token is a person's, and another asks
	Tampering: inprocess.Tampering{Portal: at("/mcp", borrowing)},
})

// borrowing puts the application token of a person on a machine's calls.
func borrowing(next http.Handler) http.Handler {
	var last atomic.Value
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get(assertion.Header)
		if claims(token)["common_name"] == nil {
			last.Store(token)
		} else if asks(r, "tools/call") && last.Load() != nil && r.Header.Get(sessionID) == "" {
			r.Header.Set(assertion.Header, last.Load().(string))
		}
		next.ServeHTTP(w, r)
	})
}
