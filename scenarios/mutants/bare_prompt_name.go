package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "bare-prompt-name", Says: "Lists a prompt under the name that its server gave it.",
	Breaks:    []string{"NS-02"},
	Also:      []string{"NS-05"}, // of two of a name one is listed without its server
	Tampering: inprocess.Tampering{Portal: at("/mcp", listed("prompts", renamed("wiki_summary", "summary")))},
})
