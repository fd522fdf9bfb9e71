// Package town stands up the parties of a world around a portal: identity
// provider, gateway, upstreams and their authorization servers, each on a host
// of a simulated network.
package town

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"sync"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/gateway"
	"github.com/portico-mcp/portico/simulators/idp"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
	"github.com/portico-mcp/portico/simulators/upstream"
)

// Site is the ground a portal is put on: the hosts it may use and the
// neighbours it must know.
type Site struct {
	World    fixtures.World
	Revision string // every leg speaks it

	Access, Portal, Admin, Gateway *network.Host
	GatewayAuthority               *tls.Certificate // signs what the gateway shows the portal
	AdminToken                     string

	Issuer   string // of the identity provider
	ClientID string // the portal's, pre-registered there
	Secret   string

	Servers  []Server
	Services []fixtures.Service

	// Keep gives the place of a document that outlives the town; nil from it:
	// nothing does.
	Keep func(name string) Document
	// Front stands before the handlers of the portal's parties.
	Front func(trace.Party, http.Handler) http.Handler
}

// Server is an upstream as the portal must know it.
type Server struct {
	fixtures.Server
	URL string
}

// CallbackPath is where the identity provider sends people back to, on the
// portal's public origin.
const CallbackPath = "/login/callback"

// Start puts a portal on the site. It returns the servers that the portal
// would not take, with its reasons, and what stops it.
type Start func(context.Context, Site) (refused map[string]string, stop func(), err error)

// Config says where a town is built and what of it outlives it.
type Config struct {
	Network  *network.Network
	World    fixtures.World
	Revision string // every leg speaks it; empty: whatever both ends of a leg agree on
	// Keep gives the place of a document that outlives the town; nil: nothing
	// does.
	Keep func(name string) Document
}

// Document is what a party wants to know again after a restart.
type Document interface {
	Load() ([]byte, error) // nil: there is nothing yet
	Save([]byte) error
}

// Town is a town one can lay hands on: what stories may not touch is here.
type Town struct {
	target.Town
	World   fixtures.World
	People  []fixtures.Person // and the admin
	Network *network.Network

	IdentityProvider     *idp.Provider
	Gateway              *gateway.Gateway
	GatewayAuthority     *tls.Certificate
	Servers              map[string]*upstream.Server              // by id; those that stand elsewhere are not there
	AuthorizationServers map[string]*upstream.AuthorizationServer // by the id of the server they protect
	Faults               map[trace.Party]*faults.Layer
}

// Open builds the world on the network, starts the portal in it, signs the
// admin in where servers need the admin's credential, and waits until the
// portal has tried every server once.
func Open(ctx context.Context, c Config, start Start) (*Town, error) {
	b := &builder{config: c, hosts: map[trace.Party]*network.Host{}, town: &Town{
		Town:  target.Town{Origins: map[trace.Party]string{}, Addresses: map[trace.Party]string{}, Trace: c.Network.Trace},
		World: c.World, Network: c.Network, Faults: map[trace.Party]*faults.Layer{},
		Servers: map[string]*upstream.Server{}, AuthorizationServers: map[string]*upstream.AuthorizationServer{},
	}, site: Site{World: c.World, Revision: c.Revision, Keep: c.keep}}
	town, err := b.open(ctx, start)
	if err != nil {
		b.close()
		return nil, fmt.Errorf("open town %q: %w", c.World.Name, err)
	}
	return town, nil
}

func (c Config) keep(name string) Document {
	if c.Keep == nil {
		return nil
	}
	return c.Keep(name)
}

// builder is a town while it is being built.
type builder struct {
	config  Config
	town    *Town
	site    Site
	closers []func()

	mu        sync.Mutex
	hosts     map[trace.Party]*network.Host
	forgotten int // records of the gateway's log
}

func (b *builder) open(ctx context.Context, start Start) (*Town, error) {
	for _, step := range []func() error{b.people, b.portalHosts, b.identityProvider, b.inspector, b.servers, b.services} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	refused, stop, err := start(ctx, b.site)
	if err != nil {
		return nil, fmt.Errorf("start the portal: %w", err)
	}
	b.closers = append(b.closers, stop)
	b.town.Refused = refused
	b.town.Endpoint = b.site.Access.Origin() + "/mcp"
	b.town.Admin = target.Admin{Origin: b.site.Admin.Origin(), Token: b.site.AdminToken}
	b.town.Client = b.client
	b.town.Serve = b.visitor
	b.town.GatewayLog = b.gatewayLog
	b.town.Forget = b.forget
	b.town.Close = b.close
	if err := b.settle(ctx); err != nil {
		return nil, err
	}
	b.town.Opening = b.town.Trace()
	b.town.Forget()
	return b.town, nil
}

// host puts a party on the network and notes where it can be found.
func (b *builder) host(party trace.Party, role trace.Role, name string) (*network.Host, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, err := b.config.Network.Host(party, role, name)
	if err != nil {
		return nil, err
	}
	b.hosts[party] = h
	if origin := h.Origin(); origin != "" {
		b.town.Origins[party] = origin
	}
	if address := h.Address(); address != "" {
		b.town.Addresses[party] = address
	}
	return h, nil
}

// serve puts a party on the network and lets it answer.
func (b *builder) serve(party trace.Party, role trace.Role, name string, answer func(*network.Host) (http.Handler, error)) (*network.Host, error) {
	h, err := b.host(party, role, name)
	if err != nil {
		return nil, err
	}
	handler, err := answer(h)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", party, err)
	}
	return h, h.Serve(b.layer(party, role).Before(handler))
}

// layer is where faults of a party can be set.
func (b *builder) layer(party trace.Party, role trace.Role) *faults.Layer {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := faults.NewLayer(role)
	b.town.Faults[party] = l
	return l
}

func (b *builder) portalHosts() (err error) {
	if b.site.Access, err = b.host("access", trace.Access, "portal.example"); err != nil {
		return err
	}
	if b.site.Portal, err = b.host("portal", trace.Portal, "portal.internal.example"); err != nil {
		return err
	}
	b.site.AdminToken = "admin-api-token-" + b.site.World.Name
	b.site.Front = func(party trace.Party, h http.Handler) http.Handler { return b.town.Faults[party].Before(h) }
	b.layer("access", trace.Access)
	b.layer("portal", trace.Portal)
	b.layer("admin", trace.Admin)
	b.site.Admin, err = b.host("admin", trace.Admin, "admin.example")
	return err
}

func (b *builder) identityProvider() error {
	b.site.ClientID, b.site.Secret = "portico", "portico-idp-secret-9c41"
	_, err := b.serve("idp", trace.IdentityProvider, "idp.example", func(h *network.Host) (_ http.Handler, err error) {
		b.site.Issuer = h.Origin()
		var known []idp.Person
		for _, p := range b.town.People {
			known = append(known, idp.Person{Subject: p.Subject, Email: p.Email, Name: p.Name, Password: p.Password})
		}
		b.town.IdentityProvider, err = idp.New(idp.Config{Issuer: h.Origin(), People: known, Store: b.site.Keep("idp.json"), Clients: []idp.Client{{
			ID: b.site.ClientID, Secret: b.site.Secret, RedirectURIs: []string{b.site.Access.Origin() + CallbackPath},
		}}})
		return b.town.IdentityProvider, err
	})
	return err
}

// people finds the world's people and its admin.
func (b *builder) people() error {
	for _, id := range append(append([]string{}, b.site.World.People...), b.site.World.Admin) {
		p, err := fixtures.LoadPerson(id)
		if err != nil {
			return err
		}
		b.town.People = append(b.town.People, p)
	}
	return nil
}

func (b *builder) inspector() error {
	authority, err := gatewayAuthority(b.site.Keep("gateway-authority.pem"))
	if err != nil {
		return err
	}
	b.site.GatewayAuthority, b.town.GatewayAuthority = authority, authority
	b.site.Gateway, err = b.serve("gateway", trace.Gateway, "gateway.example", func(h *network.Host) (http.Handler, error) {
		g, err := gateway.New(gateway.Config{Client: h.Client(), CA: authority})
		if err != nil {
			return nil, err
		}
		b.town.Gateway = g
		b.closers = append(b.closers, func() { _ = g.Close() })
		return g, nil
	})
	return err
}

func (b *builder) services() error {
	for _, id := range b.site.World.Services {
		s, err := fixtures.LoadService(id)
		if err != nil {
			return err
		}
		b.site.Services = append(b.site.Services, s)
	}
	return nil
}

// client gives a party that dials an HTTP client, and a place on the network
// when it comes for the first time.
func (b *builder) client(party trace.Party, role trace.Role) (*http.Client, error) {
	b.mu.Lock()
	h := b.hosts[party]
	b.mu.Unlock()
	if h != nil {
		return h.Client(), nil
	}
	h, err := b.host(party, role, "")
	if err != nil {
		return nil, err
	}
	return h.Client(), nil
}

// forget makes the past of the town no part of what is seen from now on.
func (b *builder) forget() {
	b.config.Network.Forget()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forgotten = len(b.town.Gateway.Log())
}

func (b *builder) gatewayLog() []gateway.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.town.Gateway.Log()[b.forgotten:]
}

// visitor puts a party of a story into the town: a website of a client's.
func (b *builder) visitor(party trace.Party, name string, answer http.Handler) (string, error) {
	h, err := b.serve(party, trace.Client, name, func(*network.Host) (http.Handler, error) { return answer, nil })
	if err != nil {
		return "", err
	}
	return h.Origin(), nil
}

func (b *builder) close() {
	for i := len(b.closers) - 1; i >= 0; i-- {
		b.closers[i]()
	}
	b.config.Network.Close()
}
