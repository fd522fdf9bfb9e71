package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "openid-discovery-only", Says: "Has its authorization server's metadata where OpenID Connect looks, and nowhere else.",
	Breaks: []string{"CD-04"},
	Tampering: inprocess.Tampering{Access: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/.well-known/oauth-authorization-server":
				http.NotFound(w, r)
				return
			case "/.well-known/openid-configuration":
				r.URL.Path = "/.well-known/oauth-authorization-server"
			}
			next.ServeHTTP(w, r)
		})
	}},
})
