package mutants

var _ = add(Mutant{
	ID: "failures-as-errors", Says: "Makes an error of a result by which a tool says that it failed.",
	Breaks: []string{"TC-02"},
	Tampering: answering("wiki_fail", func(_, answer message) {
		delete(answer, "result")
		answer["error"] = map[string]any{"code": -32603, "message": "the tool failed"}
	}),
})
