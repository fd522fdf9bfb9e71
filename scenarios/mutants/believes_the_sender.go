package mutants

import (
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "believes-the-sender", Says: "Lets in without a credential who brings an application token along.",
	Breaks:    []string{"SEC-E-20"},
	Tampering: pastTheDoor(),
})

// pastTheDoor sends requests that have an application token, and nothing else that
// the door could look at, straight to the portal.
func pastTheDoor() (t inprocess.Tampering) {
	var behind *httputil.ReverseProxy
	t.Config = func(c *reference.Config) {
		to, err := url.Parse(c.InternalOrigin)
		if err != nil {
			panic(err)
		}
		behind = httputil.NewSingleHostReverseProxy(to)
		behind.Transport, behind.FlushInterval = c.Door.Transport, -1
	}
	t.Access = at("/mcp", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(assertion.Header) == "" || r.Header.Get("Authorization") != "" {
				next.ServeHTTP(w, r)
				return
			}
			behind.ServeHTTP(w, r)
		})
	})
	return t
}
