package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "offers-the-password-grant", Says: "Offers tokens for a password.",
	Breaks: []string{"SEC-A-08"},
	Tampering: inprocess.Tampering{Access: at(describesItself, document(func(m message) {
		m["grant_types_supported"] = []any{"authorization_code", "refresh_token", "password"}
	}))},
})
