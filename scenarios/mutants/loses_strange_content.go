package mutants

import (
	"slices"
)

var _ = add(Mutant{
	ID: "loses-strange-content", Says: "Leaves out content of a kind that it does not know.",
	Breaks: []string{"TC-02", "MCP-IX-06"},
	Tampering: resulting("attic_trunk", func(result message) {
		content, _ := result["content"].([]any)
		result["content"] = slices.DeleteFunc(content, func(c any) bool { return c.(map[string]any)["type"] == "hologram" })
	}),
})
