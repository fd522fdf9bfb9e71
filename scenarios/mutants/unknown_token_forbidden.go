package mutants

import (
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "unknown-token-forbidden", Says: "Answers 403 to a token that does not look like one of its own.",
	Breaks: []string{"MCP-FA-03", "MCP-FA-05", "MO-03", "SEC-E-01"},
	Tampering: inprocess.Tampering{Access: at("/mcp", instead(
		func(r *http.Request) bool {
			token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			return ok && !strings.HasPrefix(token, "portico_at_")
		},
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
	))},
})
