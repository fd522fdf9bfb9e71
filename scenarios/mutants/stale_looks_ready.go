package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "stale-looks-ready", Says: "Calls a server ready whose admin's authorization has ended.",
	Breaks: []string{"SY-07", "UO-14"},
	Tampering: inprocess.Tampering{Admin: statuses(func(_ *http.Request, status message) {
		if status["status"] == "stale" {
			status["status"] = "ready"
		}
	})},
})
