package mutants

var _ = add(Mutant{
	ID: "loses-is-error", Says: "Leaves out that a tool failed.",
	Breaks:    []string{"TC-02", "MCP-IX-06"},
	Tampering: resulting("wiki_fail", func(result message) { delete(result, "isError") }),
})
