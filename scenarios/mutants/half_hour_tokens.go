package mutants

import (
	"time"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
)

var _ = add(Mutant{
	ID: "half-hour-tokens", Says: "Issues access tokens for half an hour, and says so.",
	Breaks:    []string{"MO-09"},
	Tampering: adjusted(func(a *access.Config, _ *portal.Config) { a.AccessTokenLifetime = 30 * time.Minute }),
})
