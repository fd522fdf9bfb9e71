package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "shows-machines-everything", Says: "Lists for machines what only people can call.",
	Breaks:    []string{"ST-04"},
	Tampering: inprocess.Tampering{Portal: showingMachines},
})

func showingMachines(next http.Handler) http.Handler {
	more := at("/mcp", listed("tools", func(all []any) []any {
		return append(all, map[string]any{"name": "mail_send", "inputSchema": map[string]any{"type": "object"}})
	}))(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if claims(r.Header.Get(assertion.Header))["common_name"] != nil {
			more.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
