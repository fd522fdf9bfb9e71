package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "asks-no-consent", Says: "Sends a person on to the identity provider for whatever client asks.",
	Breaks: []string{"MCP-CD-01"},
	Also:   []string{"MCP-AS-07"}, // the page that would show where the client leads
	Tampering: inprocess.Tampering{Access: func(next http.Handler) http.Handler {
		return at("/oauth/authorize", consenting(next, func(*http.Request) bool { return true }))(next)
	}},
})
