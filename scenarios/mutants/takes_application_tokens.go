package mutants

import (
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "takes-application-tokens", Says: "Lets in at its front door who shows a token that is meant for behind it.",
	Breaks: []string{"MCP-FA-05"},
	Tampering: inprocess.Tampering{Access: at("/mcp", lenient(func(token string) bool {
		return claims(token)["type"] == "app" && !strings.HasSuffix(token, ".")
	}))},
})
