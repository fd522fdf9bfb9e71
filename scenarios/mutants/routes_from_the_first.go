package mutants

import (
	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "routes-from-the-first", Says: "Sends calls through the gateway though nobody asked for it.",
	Breaks:    []string{"GW-01", "TC-09"},
	Also:      []string{"CD-01", "TC-01"}, // whose way to the server is the direct one
	Tampering: inprocess.Tampering{Config: func(c *reference.Config) { c.RouteAll = true }},
})
