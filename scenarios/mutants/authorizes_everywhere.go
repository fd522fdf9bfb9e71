package mutants

var _ = add(Mutant{
	ID: "authorizes-everywhere", Says: "Sends a token to a server that wants none.",
	Breaks:    []string{"CR-03", "MCP-UA-19"},
	Tampering: heading("how-to", "Authorization", "Bearer portico"),
})
