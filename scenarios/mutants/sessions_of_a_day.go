package mutants

import (
	"net/http"
	"sync"
	"time"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "sessions-of-a-day", Says: "Ends every session a day after it began, however much it is used.",
	Breaks:    []string{"SE-07"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", mortal(24*time.Hour))},
})

// mortal gives every session a life of this length.
func mortal(life time.Duration) handler {
	var began sync.Map // time, by session
	return func(next http.Handler) http.Handler {
		remember := answered(func(_ *http.Request, _ []byte, a *answer) {
			if id := a.Header.Get(sessionID); id != "" {
				began.Store(id, time.Now())
			}
		})(next)
		return instead(
			func(r *http.Request) bool {
				at, ok := began.Load(r.Header.Get(sessionID))
				return ok && time.Since(at.(time.Time)) > life
			},
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		)(remember)
	}
}
