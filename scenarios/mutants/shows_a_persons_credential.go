package mutants

var _ = add(Mutant{
	ID: "shows-a-persons-credential", Says: "Tells a client in a header by which token a server was called for it.",
	Breaks:    []string{"CR-08", "SEC-Q-02"},
	Tampering: showing("mail.", "X-Server-Authorization", "Authorization"),
})
