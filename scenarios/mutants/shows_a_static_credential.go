package mutants

var _ = add(Mutant{
	ID: "shows-a-static-credential", Says: "Tells a client in a header which static token a server was called with.",
	Breaks:    []string{"CR-08", "MCP-UA-18", "SEC-Q-02"},
	Tampering: showing("tickets.", "X-Server-Authorization", "Authorization"),
})
