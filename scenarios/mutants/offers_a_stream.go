package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "offers-a-stream", Says: "Opens a stream for a GET of a revision that has none.",
	Breaks: []string{"MCP-FS-16", "SEC-H-14"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", instead(
		func(r *http.Request) bool {
			return r.Method == http.MethodGet && r.Header.Get("Mcp-Protocol-Version") >= "2026-07-28"
		},
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("X-Accel-Buffering", "no")
			w.WriteHeader(http.StatusOK)
		},
	))},
})
