package mutants

import (
	"context"
	"sync"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

var _ = add(Mutant{
	ID: "never-renews-for-the-admin", Says: "Synchronizes with the token that the admin got first, however old it is.",
	Breaks: []string{"SY-06"},
	Also:   []string{"SY-01"}, // a server that refuses the token lists nothing
	Tampering: lends(func() lend {
		var first sync.Map // by server
		return func(ctx context.Context, v *credential.Vault, owner credential.Owner, server string) (credential.Secret, error) {
			if token, ok := first.Load(server); ok && owner == credential.Admin {
				return token.(credential.Secret), nil
			}
			token, err := v.Token(ctx, owner, server)
			if err == nil && owner == credential.Admin {
				first.Store(server, token)
			}
			return token, err
		}
	}),
})
