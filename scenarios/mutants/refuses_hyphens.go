package mutants

import (
	"slices"
	"strings"

	"github.com/portico-mcp/portico/reference"
)

var _ = add(Mutant{
	ID: "refuses-hyphens", Says: "Takes no server whose id has a hyphen.",
	Breaks: []string{"NS-04"},
	Tampering: tampering(func(c *reference.Config) {
		c.Servers = slices.DeleteFunc(c.Servers, func(s configured) bool { return strings.Contains(s.ID, "-") })
	}),
})
