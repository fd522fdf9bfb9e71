package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "promises-revisions", Says: "Says that it speaks a revision that it does not speak.",
	Breaks: []string{"MCP-FS-14"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", told("server/discover", func(_, answer message) {
		result := answer.member("result")
		if spoken, ok := result["supportedVersions"].([]any); ok {
			result["supportedVersions"] = append(spoken, "2024-11-05")
		}
	}))},
})
