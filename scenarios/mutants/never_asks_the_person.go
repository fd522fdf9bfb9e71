package mutants

import (
	"context"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

var _ = add(Mutant{
	ID: "never-asks-the-person", Says: "Takes the admin's credential in place of asking a person for theirs.",
	Breaks:    []string{"UO-01", "CR-01", "CR-06", "MCP-UA-13"},
	Also:      []string{"UO-02", "UO-05", "MCP-IX-07", "SY-02"}, // of a flow that does not happen nothing is seen
	Tampering: adjusted(neverAsking),
})

func neverAsking(_ *access.Config, p *portal.Config) {
	v := credential.New(credential.Config{
		RedirectURI: p.Origin + "/servers-callback", AdminRedirectURI: p.AdminOrigin + "/servers-callback", HTTP: p.Direct, Store: p.Store,
	})
	p.Credentials = wallet{v, func(ctx context.Context, v *credential.Vault, owner credential.Owner, server string) (credential.Secret, error) {
		if server == "mail" {
			owner = credential.Admin
		}
		return v.Token(ctx, owner, server)
	}}
	p.Consents = contented{v}
}

// contented is a vault that has everybody's consent to use one server.
type contented struct{ *credential.Vault }

// Connected is true for one server.
func (c contented) Connected(owner credential.Owner, server string) bool {
	return server == "mail" || c.Vault.Connected(owner, server)
}
