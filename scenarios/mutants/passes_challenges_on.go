package mutants

import (
	"bytes"
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "passes-challenges-on", Says: "Answers 401 with a server's challenge when the server refuses a credential.",
	Breaks: []string{"MCP-IX-11"},
	Tampering: inprocess.Tampering{Access: at("/mcp", answered(func(_ *http.Request, _ []byte, a *answer) {
		if bytes.Contains(a.Body, []byte(`unauthorized: server \"fussy\"`)) {
			a.Status = http.StatusUnauthorized
			a.Header.Set("WWW-Authenticate", `Bearer resource_metadata="https://fussy.example/.well-known/oauth-protected-resource/mcp"`)
		}
	}))},
})
