package mutants

var _ = add(Mutant{
	ID: "shows-server-sessions", Says: "Tells a client in which session a server was called for it.",
	Breaks:    []string{"MCP-IX-12"},
	Tampering: showing("wiki.", "X-Server-Session", sessionID),
})
