package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "asks-no-token-to-hang-up", Says: "Wants no token of who ends a session.",
	Breaks: []string{"MCP-FA-06"},
	Tampering: inprocess.Tampering{Access: at("/mcp", instead(
		func(r *http.Request) bool {
			return r.Method == http.MethodDelete && r.Header.Get("Authorization") == ""
		},
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	))},
})
