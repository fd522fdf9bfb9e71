package mutants

var _ = add(Mutant{
	ID: "passes-addresses-on", Says: "Tells servers from where its clients come.",
	Breaks:    []string{"MCP-IX-12"},
	Tampering: smuggling("attic", header("Forwarded"), under("Forwarded")),
})
