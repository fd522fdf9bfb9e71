package mutants

var _ = add(Mutant{
	ID: "errors-as-results", Says: "Makes a result of a server's error.",
	Breaks: []string{"TC-03"},
	Also:   []string{"MCP-IX-06"}, // what the error said is gone
	Tampering: answering("attic_lock", func(_, answer message) {
		delete(answer, "error")
		answer["result"] = map[string]any{
			"content": []any{map[string]any{"type": "text", "text": "the attic is locked"}}, "isError": true, "resultType": "complete",
		}
	}),
})
