package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "redirects-to-login", Says: "Sends a program that lists tools without a credential to the login page.",
	Breaks: []string{"CD-02", "CD-03", "MCP-FA-03"},
	Also:   []string{"MCP-FS-34"},
	Tampering: inprocess.Tampering{Access: at("/mcp", instead(
		func(r *http.Request) bool { return anonymous(r) && asks(r, "tools/list") },
		func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/servers", http.StatusFound) },
	))},
})
