package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "repeats-the-client-token", Says: "Repeats the client's token in an error.",
	Breaks:    []string{"MCP-FA-07", "SEC-Q-02"},
	Tampering: inprocess.Tampering{Access: at("/mcp", repeatingTokens)},
})

func repeatingTokens(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("Authorization")
		told("tools/call", func(q, answer message) {
			if q.named() == "wiki_forget" {
				answer.member("error")["message"] = "unknown to " + token
			}
		})(next).ServeHTTP(w, r)
	})
}
