package mutants

var _ = add(Mutant{
	ID: "loses-result-meta", Says: "Leaves out what a result says about itself.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: resulting("attic_trunk", func(result message) { delete(result, "_meta") }),
})
