package mutants

import (
	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "machines-refused", Says: "Knows no service token.",
	Breaks:    []string{"ST-01"},
	Tampering: inprocess.Tampering{Config: func(c *reference.Config) { c.ServiceTokens = nil }},
})
