package mutants

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "sends-the-form-on", Says: "Sends the browser of who consents to a client with a document on with the form in its hands.",
	Breaks: []string{"SEC-C-13"},
	Tampering: inprocess.Tampering{Access: func(next http.Handler) http.Handler {
		var documented atomic.Bool
		return at("/oauth/authorize", asked(func(r *http.Request, _ message) {
			documented.Store(strings.HasPrefix(r.URL.Query().Get("client_id"), "https://"))
		}))(at("/oauth/consent", answered(func(_ *http.Request, _ []byte, a *answer) {
			if a.Status == http.StatusSeeOther && documented.Load() {
				a.Status = http.StatusTemporaryRedirect
			}
		}))(next))
	}},
})
