package mutants

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "revokes-both", Says: "Forgets what servers granted when a client gives its token back.",
	Breaks:    []string{"MO-14"},
	Tampering: revokingBoth(),
})

func revokingBoth() inprocess.Tampering {
	var revoked atomic.Bool
	return inprocess.Tampering{
		Config: func(c *reference.Config) {
			c.Adjust = func(_ *access.Config, p *portal.Config) {
				p.Store = &forgetful{grants: map[credential.Key]credential.Grant{}, revoked: &revoked}
			}
		},
		Access: at("/oauth/revoke", asked(func(*http.Request, message) { revoked.Store(true) })),
	}
}

// forgetful is a store that has nothing of people's any more once they revoked.
type forgetful struct {
	grants  map[credential.Key]credential.Grant
	revoked *atomic.Bool
}

// Load gives what is kept.
func (f *forgetful) Load(_ context.Context, key credential.Key) (credential.Grant, error) {
	if key.Owner != credential.Admin && f.revoked.CompareAndSwap(true, false) {
		delete(f.grants, key)
	}
	return f.grants[key], nil
}

// Swap keeps.
func (f *forgetful) Swap(_ context.Context, key credential.Key, old string, next credential.Grant) (bool, error) {
	if f.grants[key].ID != old {
		return false, nil
	}
	f.grants[key] = next
	return true, nil
}
