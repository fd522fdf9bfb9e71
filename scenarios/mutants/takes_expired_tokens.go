package mutants

import (
	"time"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "takes-expired-tokens", Says: "Takes an access token for an hour that it says is good for fifteen minutes.",
	Breaks: []string{"MO-09", "MCP-FA-03", "MCP-FA-05"},
	Tampering: func() (t inprocess.Tampering) {
		t = adjusted(func(a *access.Config, _ *portal.Config) { a.AccessTokenLifetime = time.Hour })
		t.Access = at("/oauth/token", document(func(m message) {
			if m["expires_in"] != nil {
				m["expires_in"] = 900 // seconds
			}
		}))
		return t
	}(),
})
