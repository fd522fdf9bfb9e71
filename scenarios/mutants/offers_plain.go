package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

const describesItself = "/.well-known/oauth-authorization-server"

var _ = add(Mutant{
	ID: "offers-plain", Says: "Offers the challenge method plain beside S256.",
	Breaks: []string{"SEC-A-07"},
	Tampering: inprocess.Tampering{Access: at(describesItself, document(func(m message) {
		m["code_challenge_methods_supported"] = []any{"S256", "plain"}
	}))},
})
