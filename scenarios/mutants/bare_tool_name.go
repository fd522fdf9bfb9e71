package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "bare-tool-name", Says: "Lists a tool under the name that its server gave it.",
	Breaks:    []string{"NS-01"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", listed("tools", renamed("tickets_whoami", "whoami")))},
})
