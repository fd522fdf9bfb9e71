package mutants

import (
	"net/http"
	"sync"

	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "session-is-a-key", Says: "Takes whoever presents a session's id for the person who began it.",
	Breaks:    []string{"MCP-FS-23"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", keyed())},
})

// keyed puts the application token of who began a session on every request that
// names it.
func keyed() handler {
	var began sync.Map // application token, by session
	return func(next http.Handler) http.Handler {
		remember := answered(func(r *http.Request, _ []byte, a *answer) {
			if id := a.Header.Get(sessionID); id != "" {
				began.Store(id, r.Header.Get(assertion.Header))
			}
		})(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, ok := began.Load(r.Header.Get(sessionID))
			if ok && claims(token.(string))["sub"] != claims(r.Header.Get(assertion.Header))["sub"] {
				r.Header.Set(assertion.Header, token.(string))
			}
			remember.ServeHTTP(w, r)
		})
	}
}

const sessionID = "Mcp-Session-Id"
