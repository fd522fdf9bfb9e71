package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "blames-the-server", Says: "Says of every failed synchronization that the server answered with an error.",
	Breaks: []string{"SY-19"},
	Tampering: inprocess.Tampering{Admin: statuses(func(_ *http.Request, status message) {
		if d, ok := status["error_details"].(map[string]any); ok {
			d["is_upstream"] = true
		}
	})},
})
