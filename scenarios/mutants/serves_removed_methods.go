package mutants

import (
	"fmt"
	"io"
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "serves-removed-methods", Says: "Still sets log levels in a revision that has dropped the method.",
	Breaks: []string{"MCP-FS-13"},
	Tampering: inprocess.Tampering{Portal: instead(func(r *http.Request) bool { return asks(r, "logging/setLevel") },
		func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%v,"result":{"resultType":"complete"}}`, read(body)["id"])
		})},
})
