package mutants

import (
	"io"
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "metadata-on-request", Says: "Describes itself in JSON to those alone who say that they accept it, and shows others a page.",
	Breaks: []string{"CD-03", "CD-05", "MCP-FA-02"},
	Tampering: inprocess.Tampering{Access: instead(
		func(r *http.Request) bool {
			return strings.HasPrefix(r.URL.Path, "/.well-known/oauth-protected-resource") && !strings.Contains(r.Header.Get("Accept"), "application/json")
		},
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title>")
		},
	)},
})
