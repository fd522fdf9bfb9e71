package mutants

import (
	"context"
	"errors"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

var _ = add(Mutant{
	ID: "stale-shuts-people-out", Says: "Gives nobody's token to a server for which the admin's has died.",
	Breaks: []string{"SY-08", "UO-14"},
	Tampering: lends(func() lend {
		return func(ctx context.Context, v *credential.Vault, owner credential.Owner, server string) (credential.Secret, error) {
			if _, err := v.Token(ctx, credential.Admin, server); errors.Is(err, credential.ErrConsentRequired) {
				return "", err
			}
			return v.Token(ctx, owner, server)
		}
	}),
})
