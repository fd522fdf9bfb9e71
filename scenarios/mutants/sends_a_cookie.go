package mutants

var _ = add(Mutant{
	ID: "sends-a-cookie", Says: "Sends a cookie to a server that wants no credential.",
	Breaks:    []string{"CR-03", "MCP-UA-19"},
	Also:      []string{"CR-07", "MCP-IX-12"}, // the rules take it for a client's
	Tampering: heading("how-to", "Cookie", "portal=1"),
})
