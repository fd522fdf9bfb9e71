package mutants

var _ = add(Mutant{
	ID: "passes-service-tokens-on", Says: "Hands the service token of a machine to a server.",
	Breaks:    []string{"CR-07"},
	Also:      []string{"MCP-IX-12"}, // a client's credential is one
	Tampering: smuggling("tickets", header("Cf-Access-Client-Secret"), under("X-Service")),
})
