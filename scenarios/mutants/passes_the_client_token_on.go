package mutants

var _ = add(Mutant{
	ID: "passes-the-client-token-on", Says: "Hands the client's token to a server.",
	Breaks:    []string{"CR-07", "MO-14", "MCP-FA-07", "SEC-F-19"},
	Also:      []string{"MCP-IX-12"}, // a client's credential among others
	Tampering: smuggling("tickets", header("Authorization"), under("X-Forwarded-Access-Token")),
})
