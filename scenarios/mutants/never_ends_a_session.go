package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "never-ends-a-session", Says: "Thanks a client that ends its session, and keeps it.",
	Breaks: []string{"SE-01", "MCP-FS-22"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", instead(
		func(r *http.Request) bool { return r.Method == http.MethodDelete && r.Header.Get(sessionID) != "" },
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	))},
})
