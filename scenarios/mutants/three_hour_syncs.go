package mutants

import (
	"time"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
)

var _ = add(Mutant{
	ID: "three-hour-syncs", Says: "Synchronizes every three hours.",
	Breaks:    []string{"SY-01"},
	Tampering: adjusted(func(_ *access.Config, p *portal.Config) { p.SyncEvery = 3 * time.Hour }),
})
