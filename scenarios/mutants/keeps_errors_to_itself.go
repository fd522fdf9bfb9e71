package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "keeps-errors-to-itself", Says: "Tells the admin that a server is in error, and not why.",
	Breaks: []string{"SY-09", "SY-14", "SY-18", "SY-19"},
	Tampering: inprocess.Tampering{Admin: statuses(func(_ *http.Request, status message) {
		if status["status"] == "error" {
			delete(status, "error")
			delete(status, "error_details")
		}
	})},
})
