package mutants

import (
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "takes-server-tokens", Says: "Lets in who shows a token that was issued for a server behind it.",
	Breaks: []string{"MO-03", "MCP-FA-05", "MO-14"},
	Also:   []string{"MCP-IX-12", "CR-07", "MCP-FA-07", "SEC-F-19"}, // what lets a client in now travels to a server
	Tampering: inprocess.Tampering{Access: at("/mcp", lenient(func(token string) bool {
		return len(token) > len("badgers") && !strings.HasPrefix(token, "portico_at_") && !strings.Contains(token, ".")
	}))},
})
