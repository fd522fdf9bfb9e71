package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "other-resource", Says: "Describes at the root a resource that stands elsewhere.",
	Breaks: []string{"MCP-FA-01"},
	Tampering: inprocess.Tampering{Access: at("/.well-known/oauth-protected-resource", document(func(m message) {
		m["resource"] = "https://other.example/mcp"
	}))},
})
