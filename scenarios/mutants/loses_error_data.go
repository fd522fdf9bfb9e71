package mutants

var _ = add(Mutant{
	ID: "loses-error-data", Says: "Leaves out the data of a server's error.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: answering("attic_lock", func(_, answer message) { delete(answer.member("error"), "data") }),
})
