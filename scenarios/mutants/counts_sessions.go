package mutants

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "counts-sessions", Says: "Gives sessions ids that count up.",
	Breaks:    []string{"MCP-FS-22"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", counted())},
})

func counted() handler {
	var last atomic.Int64
	var behind sync.Map // the true id, by number
	return func(next http.Handler) http.Handler {
		number := answered(func(_ *http.Request, _ []byte, a *answer) {
			if id := a.Header.Get(sessionID); id != "" {
				n := fmt.Sprintf("session-%012d", last.Add(1))
				behind.Store(n, id)
				a.Header.Set(sessionID, n)
			}
		})(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if id, ok := behind.Load(r.Header.Get(sessionID)); ok {
				r.Header.Set(sessionID, id.(string))
			}
			number.ServeHTTP(w, r)
		})
	}
}
