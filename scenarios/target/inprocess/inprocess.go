// Package inprocess is the reference portal in the process of the stories: as a
// target, in memory with virtual time, or on any network one gives it.
package inprocess

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"strings"
	"sync"

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
type Memory struct {
	// Tampering makes it another portal than it is; the zero value leaves it
	// alone.
	Tampering Tampering
}

// Tampering is what is done to a portal from outside, through the seams that
// every deployment of it has. The zero value does nothing.
type Tampering struct {
	Name   string                          // of the portal that comes of it; empty: none
	Config func(*reference.Config)         // how it is put together; nil: as it should be
	Access func(http.Handler) http.Handler // stands before the public host; nil: nothing does
	Portal func(http.Handler) http.Handler // before the portal's own host
	Admin  func(http.Handler) http.Handler // before the admin API's host
}

// Name of the target.
func (m Memory) Name() string {
	name := "portico reference " + portal.Version
	if m.Tampering.Name != "" {
		name += ", " + m.Tampering.Name
	}
	return name
}

// Has tells that everything is observed in memory.
func (Memory) Has(target.Feature) bool { return true }

// Claims are everything: the reference answers for all that its rows say.
func (Memory) Claims() verdict.Terms { return Claims() }

// Claims are what the reference portal answers for, wherever it stands.
func Claims() verdict.Terms {
	return verdict.Terms{Everything: true, Derived: true, Profiles: []string{"cloudflare"}}
}

// Open puts the portal into the world.
func (m Memory) Open(ctx context.Context, w fixtures.World, revision string) (*target.Town, error) {
	c := town.Config{Network: network.InMemory(), World: w, Revision: revision}
	var log journal
	everything := slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})
	t, err := town.Open(ctx, c, start(slog.New(everything), m.Tampering))
	if err != nil {
		return nil, err
	}
	t.Town.Log = log.String
	return &t.Town, nil
}

// OpenOn puts the reference portal into a world built as the Config says.
func OpenOn(ctx context.Context, c town.Config, log *slog.Logger) (*town.Town, error) {
	return town.Open(ctx, c, Start(log))
}

// journal is a log that is kept.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Start puts the reference portal on a site. A server that the portal refuses
// is left out and reported; the others are served.
func Start(log *slog.Logger) town.Start { return start(log, Tampering{}) }

func start(log *slog.Logger, tampering Tampering) town.Start {
	return func(ctx context.Context, s town.Site) (map[string]string, func(), error) {
		servers, refused := accepted(s.Servers)
		c := config(s, servers, log)
		var err error
		if c.Key, err = town.KeptKey(s.Keep(KeyDocument), access.DefaultKey); err != nil {
			return nil, nil, err
		}
		if tampering.Config != nil {
			tampering.Config(&c)
		}
		d, err := reference.New(c)
		if err != nil {
			return nil, nil, err
		}
		for host, handler := range map[*network.Host]http.Handler{
			s.Access: before(tampering.Access, d.Access), s.Portal: before(tampering.Portal, d.Portal), s.Admin: before(tampering.Admin, d.Admin),
		} {
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

// before puts what stands before a handler there, if anything does.
func before(stands func(http.Handler) http.Handler, h http.Handler) http.Handler {
	if stands == nil {
		return h
	}
	return stands(h)
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
