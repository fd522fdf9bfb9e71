package mutants

import (
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "names-offline-access", Says: "Names offline_access in its challenge to whoever brings a token that is no good.",
	Breaks: []string{"MCP-FA-08", "SEC-A-10"},
	Tampering: inprocess.Tampering{Access: at("/mcp", answered(func(r *http.Request, _ []byte, a *answer) {
		if said := a.Header.Get("WWW-Authenticate"); said != "" && r.Header.Get("Authorization") != "" {
			a.Header.Set("WWW-Authenticate", strings.Replace(said, `scope="mcp"`, `scope="mcp offline_access"`, 1))
		}
	}))},
})
