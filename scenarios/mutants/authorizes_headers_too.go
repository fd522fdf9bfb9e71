package mutants

var _ = add(Mutant{
	ID: "authorizes-headers-too", Says: "Sends an Authorization header beside the headers that a server wants.",
	Breaks:    []string{"CR-05"},
	Tampering: heading("ledger", "Authorization", "Bearer ledger-key-58d1"),
})
