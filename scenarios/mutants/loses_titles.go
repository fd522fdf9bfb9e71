package mutants

var _ = add(Mutant{
	ID: "loses-titles", Says: "Lists a tool without its title and its icons.",
	Breaks: []string{"MCP-IX-06"},
	Tampering: defining("attic_trunk", func(definition message) {
		delete(definition, "title")
		delete(definition, "icons")
	}),
})
