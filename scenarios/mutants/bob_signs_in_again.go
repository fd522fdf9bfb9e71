package mutants

import (
	"io"
	"net/http"
	"sync"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "bob-signs-in-again", Says: "Refreshes no token of bob's client, so that bob has to sign in again every fifteen minutes.",
	Breaks:    []string{"MO-12"},
	Also:      []string{"SEC-D-16"}, // a refusal that one may store
	Tampering: inprocess.Tampering{Access: unrefreshed("bob's client")},
})

// unrefreshed refuses to refresh the tokens of the clients that registered under
// a name.
func unrefreshed(name string) handler {
	var known sync.Map
	return func(next http.Handler) http.Handler {
		return at("/oauth/register", document(func(m message) {
			if m["client_name"] == name {
				known.Store(m["client_id"], true)
			}
		}))(at("/oauth/token", instead(
			func(r *http.Request) bool {
				f := form(r)
				_, is := known.Load(f.Get("client_id"))
				return is && f.Get("grant_type") == "refresh_token"
			},
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
			},
		))(next))
	}
}
