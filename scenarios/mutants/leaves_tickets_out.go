package mutants

import (
	"slices"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "leaves-tickets-out", Says: "Lists the tools of every server but one.",
	Breaks: []string{"CD-01"},
	Also:   []string{"ST-04"}, // a machine misses it too
	Tampering: inprocess.Tampering{Portal: at("/mcp", listed("tools", func(all []any) []any {
		return slices.DeleteFunc(all, func(tool any) bool { return strings.HasPrefix(nameOf(tool), "tickets_") })
	}))},
})

// listed rewrites what the portal lists of a kind, tools or prompts.
func listed(kind string, rewrite func([]any) []any) handler {
	return told(kind+"/list", func(_, answer message) {
		if _, refused := answer["error"]; refused {
			return
		}
		result := answer.member("result")
		if all, ok := result[kind].([]any); ok {
			result[kind] = rewrite(all)
		}
	})
}

// nameOf is the name of what is listed.
func nameOf(item any) string {
	m, _ := item.(map[string]any)
	name, _ := m["name"].(string)
	return name
}

// renamed lists one thing under another name.
func renamed(from, to string) func([]any) []any {
	return func(all []any) []any {
		for _, item := range all {
			if nameOf(item) == from {
				item.(map[string]any)["name"] = to
			}
		}
		return all
	}
}
