package mutants

import (
	"time"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
)

var _ = add(Mutant{
	ID: "three-day-sessions", Says: "Keeps a session for three days without activity.",
	Breaks:    []string{"SE-01"},
	Tampering: adjusted(func(_ *access.Config, p *portal.Config) { p.SessionIdle = 72 * time.Hour }),
})
