package mutants

var _ = add(Mutant{
	ID: "spreads-static-tokens", Says: "Sends the static token of one server to another.",
	Breaks:    []string{"MCP-UA-18"},
	Also:      []string{"CR-06", "MCP-UA-13"}, // a rule speaks of every credential of a server
	Tampering: heading("mail", "X-Tickets", "tickets-static-token-1f7c0a"),
})
