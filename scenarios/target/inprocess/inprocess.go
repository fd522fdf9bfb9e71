// Package inprocess is the reference portal in the process of the stories: as a
// target, in memory with virtual time, or on any network one gives it.
package inprocess

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/network"
)

// KeyDocument is the document that keeps the key of the front door.
const KeyDocument = "access-key.pem"

// Memory is the reference portal on a network in memory.
type Memory struct{}

// Name of the target.
func (Memory) Name() string { return "portico reference " + portal.Version }

// Has tells that everything is observed in memory.
func (Memory) Has(target.Feature) bool { return true }

// Claims are everything: the reference answers for all that its rows say.
func (Memory) Claims() verdict.Terms { return Claims() }

// Claims are what the reference portal answers for, wherever it stands.
func Claims() verdict.Terms {
	return verdict.Terms{Everything: true, Derived: true, Profiles: []string{"cloudflare"}}
}

// Open puts the portal into the world.
func (Memory) Open(ctx context.Context, w fixtures.World, revision string) (*target.Town, error) {
	t, err := OpenOn(ctx, town.Config{Network: network.InMemory(), World: w, Revision: revision}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return &t.Town, nil
}

// OpenOn puts the reference portal into a world built as the Config says.
func OpenOn(ctx context.Context, c town.Config, log *slog.Logger) (*town.Town, error) {
	return town.Open(ctx, c, Start(log))
}

// Start puts the reference portal on a site. A server that the portal refuses
// is left out and reported; the others are served.
func Start(log *slog.Logger) town.Start {
	return func(ctx context.Context, s town.Site) (map[string]string, func(), error) {
		servers, refused := accepted(s.Servers)
		c := config(s, servers, log)
		var err error
		if c.Key, err = town.KeptKey(s.Keep(KeyDocument), access.DefaultKey); err != nil {
			return nil, nil, err
		}
		d, err := reference.New(c)
		if err != nil {
			return nil, nil, err
		}
		for host, handler := range map[*network.Host]http.Handler{s.Access: d.Access, s.Portal: d.Portal, s.Admin: d.Admin} {
			if err := host.Serve(s.Front(host.Party(), handler)); err != nil {
				return nil, nil, err
			}
		}
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = d.Run(ctx)
		}()
		return refused, func() { cancel(); <-done }, nil
	}
}

// accepted tries each server by itself, so that the portal's own words say why
// it would not take one.
func accepted(all []town.Server) (servers []portal.Server, refused map[string]string) {
	refused = map[string]string{}
	for _, s := range all {
		server := portal.Server{
			ID: s.ID, Name: s.ID, URL: s.URL, Auth: auths[s.Auth], OnBehalf: s.OnBehalf, Bearer: portal.Secret(s.Credential), Timeout: s.Timeout,
			Scopes: s.Scopes,
		}
		if s.Client != nil {
			server.Manual = &credential.Registration{ClientID: s.Client.ID, ClientSecret: portal.Secret(s.Client.Secret)}
		}
		if err := server.Validate(); err != nil {
			refused[s.ID] = err.Error()
			continue
		}
		servers = append(servers, server)
	}
	return servers, refused
}

var auths = map[fixtures.Auth]portal.Auth{
	fixtures.Unauthenticated: portal.None, fixtures.Bearer: portal.Bearer, fixtures.OAuth: portal.OAuth,
}

func config(s town.Site, servers []portal.Server, log *slog.Logger) reference.Config {
	c := reference.Config{
		Origin:         s.Access.Origin(),
		InternalOrigin: s.Portal.Origin(),
		AdminOrigin:    s.Admin.Origin(),
		IdentityProvider: access.OIDCConfig{
			Issuer: s.Issuer, ClientID: s.ClientID, ClientSecret: access.Secret(s.Secret),
		},
		Allow:      among(s.World.People),
		AdminToken: portal.Secret(s.AdminToken),
		Servers:    servers,
		RouteAll:   bool(s.World.Gateway),
		Door:       s.Access.Client(),
		Direct:     s.Portal.Client(),
		Inspected:  s.Portal.ClientVia(s.Gateway, []*tls.Certificate{s.GatewayAuthority}),
		Logger:     log,

		AccessStore: s.Keep("access.json"), CredentialStore: s.Keep("credentials.json"),
	}
	for _, service := range s.Services {
		c.ServiceTokens = append(c.ServiceTokens, access.ServiceToken{
			ClientID: service.ClientID, Secret: access.Secret(service.ClientSecret),
		})
	}
	return c
}

// among admits the people of the world and nobody else.
func among(people []string) func(access.Identity) bool {
	emails := map[string]bool{}
	for _, id := range people {
		if p, err := fixtures.LoadPerson(id); err == nil {
			emails[p.Email] = true
		}
	}
	return func(who access.Identity) bool { return emails[who.Email] }
}

// Warm makes what is made once per process, keys above all. It must be called
// outside a testing/synctest bubble before the first Open inside one.
func Warm() error {
	if _, err := access.DefaultKey(); err != nil {
		return err
	}
	return town.Warm()
}
