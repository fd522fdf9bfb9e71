package mutants

import (
	"net/http"
	"sync"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "keeps-refresh-tokens", Says: "Lets a client use the same refresh token again and again.",
	Breaks:    []string{"MCP-AS-04"},
	Tampering: inprocess.Tampering{Access: at("/oauth/token", eternal())},
})

// eternal gives a client back the refresh token that it came with, and knows the
// one that stands behind it.
func eternal() handler {
	var behind sync.Map
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f := form(r)
			shown := f.Get("refresh_token")
			if now, ok := behind.Load(shown); ok {
				f.Set("refresh_token", now.(string))
				setBody(r, []byte(f.Encode()))
			}
			document(func(m message) {
				if issued, ok := m["refresh_token"].(string); ok && shown != "" {
					behind.Store(shown, issued)
					m["refresh_token"] = shown
				}
			})(next).ServeHTTP(w, r)
		})
	}
}
