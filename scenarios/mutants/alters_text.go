package mutants

import (
	"strings"
)

var _ = add(Mutant{
	ID: "alters-text", Says: "Puts the first text of a result into capitals.",
	Breaks: []string{"TC-02", "MCP-IX-06"},
	Tampering: resulting("wiki_echo", func(result message) {
		content, _ := result["content"].([]any)
		if first, ok := content[0].(map[string]any); ok {
			first["text"] = strings.ToUpper(first["text"].(string) + "!")
		}
	}),
})
