package mutants

import (
	"context"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

var _ = add(Mutant{
	ID: "lends-the-admins-token", Says: "Uses the admin's credential for everybody's calls of a server.",
	Breaks: []string{"CR-01", "CR-06", "MCP-UA-13"},
	Also:   []string{"MCP-IX-07", "SY-02"}, // whose story tells people apart by what they call
	Tampering: lends(func() lend {
		return func(ctx context.Context, v *credential.Vault, owner credential.Owner, server string) (credential.Secret, error) {
			if server == "mail" {
				owner = credential.Admin
			}
			return v.Token(ctx, owner, server)
		}
	}),
})
