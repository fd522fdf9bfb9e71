package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "calls-stale-an-error", Says: "Tells the admin of an error where the admin's own authorization has ended.",
	Breaks: []string{"SY-07"},
	Tampering: inprocess.Tampering{Admin: statuses(func(_ *http.Request, status message) {
		if status["status"] == "stale" {
			status["status"] = "error"
		}
	})},
})
