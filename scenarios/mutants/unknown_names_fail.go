package mutants

var _ = add(Mutant{
	ID: "unknown-names-fail", Says: "Answers the call of an unknown name with a result that says so.",
	Breaks: []string{"NS-11", "MCP-IX-05", "MCP-FS-41"},
	Tampering: answering("wiki_forget", func(_, answer message) {
		delete(answer, "error")
		answer["result"] = map[string]any{
			"content": []any{map[string]any{"type": "text", "text": "unknown name"}}, "isError": true, "resultType": "complete",
		}
	}),
})
