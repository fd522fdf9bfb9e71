package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "echoes-sessions", Says: "Takes up the session that a client of a revision without sessions names.",
	Breaks: []string{"SE-02", "MCP-FS-16", "SEC-H-14"},
	Tampering: inprocess.Tampering{Access: at("/mcp", answered(func(r *http.Request, _ []byte, a *answer) {
		if id := r.Header.Get(sessionID); id != "" && r.Header.Get("Mcp-Protocol-Version") >= "2026-07-28" {
			a.Header.Set(sessionID, id)
		}
	}))},
})
