package mutants

import (
	"context"
	"sync"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

var _ = add(Mutant{
	ID: "lends-anothers-token", Says: "Uses the credential of the person who came first for everybody's calls.",
	Breaks: []string{"CR-06", "MCP-UA-13"},
	Also:   []string{"CR-01", "MCP-IX-07", "SEC-E-20"}, // who is taken for another uses and reads what is the other's
	Tampering: lends(func() lend {
		var first sync.Map // owner, by server
		return func(ctx context.Context, v *credential.Vault, owner credential.Owner, server string) (credential.Secret, error) {
			if owner != credential.Admin {
				who, _ := first.LoadOrStore(server, owner)
				owner = who.(credential.Owner)
			}
			return v.Token(ctx, owner, server)
		}
	}),
})
