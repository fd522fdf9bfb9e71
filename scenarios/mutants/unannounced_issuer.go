package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "unannounced-issuer", Says: "Says who answers an authorization, but not beforehand that it will.",
	Breaks: []string{"MCP-AS-05", "SEC-A-09"},
	Tampering: inprocess.Tampering{Access: at("/.well-known/oauth-authorization-server", document(func(m message) {
		delete(m, "authorization_response_iss_parameter_supported")
	}))},
})
