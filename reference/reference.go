// Package reference is a deployment of an MCP server portal: a front door
// (access), the portal behind it, and its admin API, put together.
//
// Each of the three is an ordinary http.Handler that can stand on a host of
// its own or share a process; what they say to one another is HTTP either way.
package reference

import (
	"cmp"
	"context"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/admin"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

// Audience is the AUD of the portal's application: whom the application tokens
// of access are meant for.
const Audience = "portico-portal"

// Config says how the deployment meets the world. The origins are without a
// final slash.
type Config struct {
	Origin         string // public: people and their clients come here
	InternalOrigin string // the portal's own host; empty: the portal shares the front door's process
	AdminOrigin    string // the admin API's own host

	IdentityProvider access.OIDCConfig
	ServiceTokens    []access.ServiceToken
	Allow            func(access.Identity) bool // nil: everybody the identity provider knows

	AdminToken portal.Secret
	Servers    []portal.Server
	RouteAll   bool // every server's calls go through the gateway

	// Door is the client access dials with: to the identity provider, to client
	// metadata documents, to the portal's own host.
	Door *http.Client
	// Direct reaches upstreams and their authorization servers; background
	// synchronization has no other.
	Direct *http.Client
	// Inspected reaches upstreams through the gateway; nil: there is none.
	Inspected *http.Client

	// AccessStore and CredentialStore keep what must outlive the process: what
	// was granted to clients, and what servers granted the portal. The latter
	// holds secrets. nil: nothing outlives it.
	AccessStore     access.Store
	CredentialStore credential.Document
	// Key signs application tokens until the admin API rotates it; nil: one per
	// process.
	Key *rsa.PrivateKey

	// Adjust has the last word on how the front door and the portal are
	// configured, for what is not named here: lifetimes, the interval of
	// synchronization, another keeper of credentials. nil: nothing is changed.
	Adjust func(*access.Config, *portal.Config)

	Logger *slog.Logger // nil: slog.Default
}

// Deployment is the three parties, each to be served on its own host.
type Deployment struct {
	Access http.Handler
	Portal *portal.Portal
	Admin  http.Handler
}

// New puts a deployment together, with what the stores have of an earlier one.
// It does no network I/O.
func New(c Config) (*Deployment, error) {
	door := c.access()
	behind, err := c.portal()
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	if c.Adjust != nil {
		c.Adjust(&door, &behind)
	}
	p, err := portal.New(behind)
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	if door.Next, err = c.next(p); err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	front, err := access.New(door)
	if err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	return &Deployment{
		Access: front,
		Portal: p,
		Admin: admin.New(admin.Config{
			Overview: p, Authorizations: p, Origin: c.AdminOrigin, Token: c.AdminToken,
			Routing: p, Connections: p, People: front, Keys: front,
		}),
	}, nil
}

func (c Config) portal() (portal.Config, error) {
	var grants credential.Store
	if c.CredentialStore != nil {
		var err error
		if grants, err = credential.Kept(c.CredentialStore); err != nil {
			return portal.Config{}, err
		}
	}
	return portal.Config{
		Origin:      c.Origin,
		AdminOrigin: c.AdminOrigin,
		Servers:     c.Servers,
		Assertion:   assertion.Config{Issuer: c.Origin, Audience: Audience, CertsURL: c.Origin + access.CertsPath},
		Direct:      c.Direct,
		Inspected:   c.Inspected,
		RouteAll:    c.RouteAll,
		Store:       grants,
		Logger:      c.Logger,
	}, nil
}

// access is the front door, but for what is behind it.
func (c Config) access() access.Config {
	return access.Config{
		Origin:        c.Origin,
		Audience:      Audience,
		OIDC:          c.IdentityProvider,
		HTTP:          c.Door,
		ServiceTokens: c.ServiceTokens,
		Allow:         c.Allow,
		Key:           c.Key,
		Store:         c.AccessStore,
		Logger:        c.Logger,
	}
}

// Run keeps the deployment's tool lists fresh until the context ends.
func (d *Deployment) Run(ctx context.Context) error { return d.Portal.Run(ctx) }

// next is what access forwards to: the portal's own host, or the portal
// itself.
func (c Config) next(p http.Handler) (http.Handler, error) {
	if c.InternalOrigin == "" {
		return p, nil
	}
	to, err := url.Parse(c.InternalOrigin)
	if err != nil {
		return nil, fmt.Errorf("internal origin: %w", err)
	}
	return c.forward(to), nil
}

// forward is a handler that passes requests on to another host, streams
// included, and adds nothing to them. That no answer came is logged, unless it
// is because the asker has left, which is nobody's fault.
func (c Config) forward(to *url.URL) http.Handler {
	log := cmp.Or(c.Logger, slog.Default())
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:     c.Door.Transport,
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				log.Warn("forward", "path", r.URL.Path, "error", err)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}
