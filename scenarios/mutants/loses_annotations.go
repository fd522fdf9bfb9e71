package mutants

var _ = add(Mutant{
	ID: "loses-annotations", Says: "Lists a tool without its annotations.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: defining("attic_trunk", func(definition message) { delete(definition, "annotations") }),
})
