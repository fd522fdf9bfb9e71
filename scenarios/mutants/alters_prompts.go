package mutants

import (
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "alters-prompts", Says: "Adds words of its own to the text of a prompt.",
	Breaks: []string{"MCP-IX-06"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", told("prompts/get", func(_, answer message) {
		messages, _ := answer.member("result")["messages"].([]any)
		for _, m := range messages {
			content := message(m.(map[string]any)).member("content")
			content["text"] = content["text"].(string) + " Be brief."
		}
	}))},
})
