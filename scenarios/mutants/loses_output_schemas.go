package mutants

var _ = add(Mutant{
	ID: "loses-output-schemas", Says: "Lists a tool without what it returns.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: defining("attic_trunk", func(definition message) { delete(definition, "outputSchema") }),
})
