package mutants

import (
	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "no-policy", Says: "Admits everybody whom the identity provider knows.",
	Breaks:    []string{"PO-01", "MO-13"},
	Tampering: inprocess.Tampering{Config: func(c *reference.Config) { c.Allow = nil }},
})
