package mutants

import (
	"context"
	"sync"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

var _ = add(Mutant{
	ID: "syncs-as-a-person", Says: "Synchronizes with the credential of whoever used the server last.",
	Breaks: []string{"SY-02"},
	Tampering: lends(func() lend {
		var last sync.Map // by server
		return func(ctx context.Context, v *credential.Vault, owner credential.Owner, server string) (credential.Secret, error) {
			if owner != credential.Admin {
				last.Store(server, owner)
			} else if person, ok := last.Load(server); ok {
				owner = person.(credential.Owner)
			}
			return v.Token(ctx, owner, server)
		}
	}),
})
