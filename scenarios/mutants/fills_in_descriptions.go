package mutants

var _ = add(Mutant{
	ID: "fills-in-descriptions", Says: "Writes a description for a tool whose server wrote none.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: defining("attic_trunk", func(definition message) { definition["description"] = "A tool of attic." }),
})
