package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "details-of-its-own", Says: "Calls the cause of an error its message, and adds a type.",
	Breaks: []string{"SY-18"},
	Tampering: inprocess.Tampering{Admin: statuses(func(_ *http.Request, status message) {
		if d, ok := status["error_details"].(map[string]any); ok {
			d["message"], d["type"] = d["cause"], "upstream_error"
			delete(d, "cause")
		}
	})},
})
