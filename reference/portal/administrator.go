package portal

import (
	"context"
	"errors"
	"net/url"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

// ErrNoAuthorization says that a server takes no authorization of the admin's.
var ErrNoAuthorization = errors.New("the server wants no OAuth credential")

// AuthorizeAdmin begins the admin's own authorization at a server and returns
// the URL to open in a browser. Errors: [ErrUnknownServer],
// [ErrNoAuthorization], or those of credential.Vault.Begin.
func (p *Portal) AuthorizeAdmin(ctx context.Context, id string) (string, error) {
	s, ok := p.byID[id]
	switch {
	case !ok:
		return "", ErrUnknownServer
	case s.Auth != OAuth:
		return "", ErrNoAuthorization
	}
	return p.consents.Begin(ctx, credential.Admin, s.oauth(), "")
}

// AdminAuthorized takes the answer of an authorization server to the admin's
// authorization and synchronizes the server, which goes on should the browser
// not wait for it. It returns the server's id.
func (p *Portal) AdminAuthorized(ctx context.Context, query url.Values) (string, error) {
	finished, err := p.consents.Finish(ctx, credential.Admin, query)
	if err != nil {
		return finished.Server, err
	}
	_, err = p.Sync(context.WithoutCancel(ctx), finished.Server)
	return finished.Server, err
}
