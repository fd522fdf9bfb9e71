package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "every-attempt-succeeded", Says: "Tells of the last attempt to synchronize as the last that succeeded.",
	Breaks: []string{"SY-17"},
	Tampering: inprocess.Tampering{Admin: statuses(func(_ *http.Request, status message) {
		status["last_successful_sync"] = status["last_synced"]
	})},
})
