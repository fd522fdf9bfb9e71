package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "any-origin", Says: "Serves any website's page.",
	Breaks:    []string{"MCP-FS-02", "SEC-H-01", "SEC-H-02"},
	Tampering: inprocess.Tampering{Access: at("/mcp", asked(func(r *http.Request, _ message) { r.Header.Del("Origin") }))},
})
