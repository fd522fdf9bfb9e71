package portal

import (
	"context"
	"errors"
	"net/url"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

// ErrNoAuthorization says that a server takes no authorization of the admin's.
var ErrNoAuthorization = errors.New("the server wants no OAuth credential")

// errKept says that whoever keeps the credentials cannot forget one.
var errKept = errors.New("the credentials here cannot be forgotten one by one")

// forgetter is what Config.Consents may also be able to do.
type forgetter interface {
	Forget(owner credential.Owner, server string) error
}

// Forget drops what a person allowed the portal at a server, and the
// conversations that were opened with it; the person can connect again. To
// forget what was never there is no error. The authorization server is told
// nothing. Errors: [ErrUnknownServer]; [ErrNoAuthorization] for a server that
// is not used on behalf of each person; that of the store, in which case a
// restart may bring the grant back.
func (p *Portal) Forget(ctx context.Context, subject, id string) error {
	s, ok := p.byID[id]
	switch {
	case !ok:
		return ErrUnknownServer
	case !s.personal():
		return ErrNoAuthorization
	}
	from, ok := p.consents.(forgetter)
	if !ok {
		return errKept
	}
	owner := credential.Person(subject)
	err := from.Forget(owner, id)
	p.dropConversations(ctx, string(owner), s)
	return err
}

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
