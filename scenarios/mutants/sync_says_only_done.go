package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "sync-says-only-done", Says: "Answers a wanted synchronization with no number of tools and no details.",
	Breaks: []string{"SY-14"},
	Tampering: inprocess.Tampering{Admin: statuses(func(r *http.Request, status message) {
		if r.Method == http.MethodPost {
			delete(status, "tools")
			delete(status, "error_details")
		}
	})},
})
