package mutants

var _ = add(Mutant{
	ID: "misfits-as-errors", Says: "Makes an error of what a tool says of arguments that do not fit.",
	Breaks: []string{"MCP-FS-41"},
	Tampering: answering("wiki_search", func(_, answer message) {
		if result, _ := answer["result"].(map[string]any); result["isError"] == true {
			delete(answer, "result")
			answer["error"] = map[string]any{"code": -32602, "message": "the arguments do not fit"}
		}
	}),
})
