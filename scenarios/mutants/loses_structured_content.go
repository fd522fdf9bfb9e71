package mutants

var _ = add(Mutant{
	ID: "loses-structured-content", Says: "Leaves out the structured content of a result.",
	Breaks:    []string{"MCP-IX-06"},
	Tampering: resulting("wiki_echo", func(result message) { delete(result, "structuredContent") }),
})
