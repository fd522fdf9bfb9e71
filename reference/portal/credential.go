package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// Credentials are the OAuth tokens that calls and syncs use.
type Credentials interface {
	Token(ctx context.Context, owner credential.Owner, server string) (Secret, error)
	Rejected(owner credential.Owner, server string, token Secret)
	Challenged(ctx context.Context, owner credential.Owner, server, challenge string) error
}

// Consents are how credentials are obtained: in a browser, by their owner.
type Consents interface {
	Begin(ctx context.Context, owner credential.Owner, s credential.Server, returnTo string) (authorizationURL string, err error)
	Finish(ctx context.Context, owner credential.Owner, query url.Values) (credential.Finished, error)
	Connected(owner credential.Owner, server string) bool
}

// owner is whose OAuth credential a call of a caller carries: the person's own
// where the server wants that, else the administrator's.
func (s *server) owner(c caller) credential.Owner {
	if s.OnBehalf {
		return c.person()
	}
	return credential.Admin
}

// tokenKey is the context key of the access token that one call uses.
type tokenKey struct{}

// authorise obtains what a request to the server needs, before the server is
// contacted, and remembers it in the context: every message of one call
// carries the same token, and it is known which one was refused.
func authorise(ctx context.Context, from Credentials, s *server, owner credential.Owner) (context.Context, Secret, error) {
	if s.Auth != OAuth {
		return ctx, "", nil
	}
	token, err := from.Token(ctx, owner, s.ID)
	if err != nil {
		return ctx, "", err
	}
	return context.WithValue(ctx, tokenKey{}, token), token, nil
}

// withToken does something with an owner's credential for a server, and once
// more if the server refused an OAuth token and a newer one is to be had. A
// refusal comes before a request is carried out, so nothing is done twice.
func withToken(ctx context.Context, from Credentials, s *server, owner credential.Owner, do func(context.Context) error) error {
	carrying, token, err := authorise(ctx, from, s, owner)
	if err != nil {
		return err
	}
	err = do(carrying)
	if token == "" || !errors.Is(err, upstream.ErrUnauthorized) {
		return err
	}
	from.Rejected(owner, s.ID, token)
	carrying, renewed, failure := authorise(ctx, from, s, owner)
	if failure != nil {
		return failure
	}
	if renewed == token {
		return err
	}
	return do(carrying)
}

// carrier puts the server's kind of credential on each outgoing request.
func carrier(from Credentials, s *server, owner credential.Owner) upstream.Authorize {
	if s.Auth != OAuth {
		return s.static
	}
	return func(ctx context.Context, h http.Header) error {
		token, ok := ctx.Value(tokenKey{}).(Secret)
		if !ok { // a conversation that is being closed, outside any call
			var err error
			if token, err = from.Token(ctx, owner, s.ID); err != nil {
				return fmt.Errorf("credential: %w", err)
			}
		}
		h["Authorization"] = []string{"Bearer " + string(token)}
		return nil
	}
}
