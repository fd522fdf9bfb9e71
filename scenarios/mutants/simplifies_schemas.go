package mutants

var _ = add(Mutant{
	ID: "simplifies-schemas", Says: "Keeps of a tool's input schema the properties alone.",
	Breaks: []string{"MCP-IX-06"},
	Tampering: defining("attic_trunk", func(definition message) {
		definition["inputSchema"] = map[string]any{"type": "object", "properties": definition.member("inputSchema")["properties"]}
	}),
})
