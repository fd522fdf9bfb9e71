package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "promises-completions", Says: "Declares that it completes arguments, and does not know how.",
	Breaks: []string{"MCP-FS-14"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", told("server/discover", func(_, answer message) {
		answer.member("result").member("capabilities")["completions"] = map[string]any{}
	}))},
})
