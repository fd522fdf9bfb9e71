package mutants

var _ = add(Mutant{
	ID: "renumbers-errors", Says: "Gives a server's error a code of its own.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: answering("attic_lock", func(_, answer message) { answer.member("error")["code"] = -32000 }),
})
