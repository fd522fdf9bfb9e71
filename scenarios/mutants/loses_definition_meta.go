package mutants

var _ = add(Mutant{
	ID: "loses-definition-meta", Says: "Lists a tool without its _meta.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: defining("attic_trunk", func(definition message) { delete(definition, "_meta") }),
})
