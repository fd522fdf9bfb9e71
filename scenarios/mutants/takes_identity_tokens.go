package mutants

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "takes-identity-tokens", Says: "Lets in who shows a token of the identity provider, whomever it was issued for and whoever signed it.",
	Breaks:    []string{"MO-03", "MCP-FA-05", "SEC-E-01"},
	Tampering: inprocess.Tampering{Access: at("/mcp", lenient(func(token string) bool { return strings.HasPrefix(token, "eyJ") }))},
})

// lenient takes tokens of a kind for the last good one.
func lenient(kind func(token string) bool) handler {
	var good atomic.Value
	good.Store("")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && kind(token) {
				r.Header.Set("Authorization", good.Load().(string))
			} else if strings.HasPrefix(token, "portico_at_") {
				good.Store(r.Header.Get("Authorization"))
			}
			next.ServeHTTP(w, r)
		})
	}
}
