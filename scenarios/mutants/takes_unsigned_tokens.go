package mutants

import (
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "takes-unsigned-tokens", Says: "Lets in who shows a token of the portal's making without a signature.",
	Breaks: []string{"MCP-FA-05", "SEC-E-01"},
	Tampering: inprocess.Tampering{Access: at("/mcp", lenient(func(token string) bool {
		return claims(token)["type"] == "app" && strings.HasSuffix(token, ".")
	}))},
})
