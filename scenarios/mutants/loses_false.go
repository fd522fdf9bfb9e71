package mutants

var _ = add(Mutant{
	ID: "loses-false", Says: "Leaves out that a tool did not fail.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: resulting("attic_trunk", func(result message) { delete(result, "isError") }),
})
