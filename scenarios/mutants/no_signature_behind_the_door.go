package mutants

import (
	"context"
	"strings"
	"time"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/assertion"
)

var _ = add(Mutant{
	ID: "no-signature-behind-the-door", Says: "Believes an application token that nobody signed, behind its front door.",
	Breaks: []string{"SEC-E-01"},
	Tampering: adjusted(func(_ *access.Config, p *portal.Config) {
		a := p.Assertion
		a.HTTP = p.Direct
		p.Identifier = credulous{assertion.New(a)}
	}),
})

// credulous is a verifier that takes what an unsigned token says for true.
type credulous struct{ *assertion.Verifier }

// Verify says whom a token speaks for.
func (c credulous) Verify(ctx context.Context, token string) (assertion.Identity, error) {
	if !strings.HasSuffix(token, ".") {
		return c.Verifier.Verify(ctx, token)
	}
	subject, _ := claims(token)["sub"].(string)
	return assertion.Identity{Subject: subject, Expires: time.Now().Add(time.Hour)}, nil
}
