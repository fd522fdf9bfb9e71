package mutants

import (
	"context"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

// lend gives the token that an owner is to use at a server out of the vault.
type lend func(ctx context.Context, v *credential.Vault, owner credential.Owner, server string) (credential.Secret, error)

// wallet is a vault whose tokens are given out otherwise.
type wallet struct {
	*credential.Vault
	lend lend
}

// Token is what the lend gives.
func (w wallet) Token(ctx context.Context, owner credential.Owner, server string) (credential.Secret, error) {
	return w.lend(ctx, w.Vault, owner, server)
}

// lends is a portal that keeps credentials as it should, and gives them out as a
// lend does, a new one for each world.
func lends(made func() lend) inprocess.Tampering {
	return adjusted(func(_ *access.Config, p *portal.Config) {
		v := credential.New(credential.Config{
			RedirectURI: p.Origin + "/servers-callback", AdminRedirectURI: p.AdminOrigin + "/servers-callback", HTTP: p.Direct, Store: p.Store,
		})
		p.Credentials, p.Consents = wallet{v, made()}, v
	})
}
