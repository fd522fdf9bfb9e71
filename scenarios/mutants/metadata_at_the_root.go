package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "metadata-at-the-root", Says: "Describes its endpoint at the root alone, and its challenge leads there.",
	Breaks: []string{"CD-05"},
	Tampering: inprocess.Tampering{Access: func(next http.Handler) http.Handler {
		return at("/.well-known/oauth-protected-resource/mcp", func(http.Handler) http.Handler { return http.NotFoundHandler() })(
			at("/mcp", func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					challenging(`resource_metadata="https://`+r.Host+`/.well-known/oauth-protected-resource", `)(next).ServeHTTP(w, r)
				})
			})(next))
	}},
})
