package mutants

import (
	"net/http"
	"sync"

	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "takes-invented-sessions", Says: "Takes a session id that it never gave anybody for the sender's own.",
	Breaks:    []string{"MCP-FS-22"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", inventive())},
})

func inventive() handler {
	var given, latest sync.Map // every id; and the last one, by person
	return func(next http.Handler) http.Handler {
		remember := answered(func(r *http.Request, _ []byte, a *answer) {
			if id := a.Header.Get(sessionID); id != "" {
				given.Store(id, true)
				latest.Store(claims(r.Header.Get(assertion.Header))["sub"], id)
			}
		})(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get(sessionID)
			_, known := given.Load(id)
			if own, ok := latest.Load(claims(r.Header.Get(assertion.Header))["sub"]); ok && id != "" && !known {
				r.Header.Set(sessionID, own.(string))
			}
			remember.ServeHTTP(w, r)
		})
	}
}
