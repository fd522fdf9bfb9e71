package mutants

var _ = add(Mutant{
	ID: "loses-unknown-members", Says: "Leaves out the members of a result that it does not know.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: resulting("attic_trunk", func(result message) { delete(result, "x-unknown") }),
})
