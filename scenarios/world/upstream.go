package world

import (
	"fmt"
	"net/url"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Upstream is a server behind the portal.
type Upstream struct {
	world   *World
	fixture fixtures.Server
}

// Party is the name under which the trace knows the server.
func (u *Upstream) Party() trace.Party { return trace.Party(u.fixture.ID) }

// Credential is the static credential that the world gives the portal for this
// server; empty if there is none.
func (u *Upstream) Credential() string { return u.fixture.Credential }

// Heard is what reached the server.
func (u *Upstream) Heard() Sight { return u.world.Trace().Into(u.Party()) }

// Host is the host, and port if it has one, of the server's URL.
func (u *Upstream) Host() string {
	origin, err := url.Parse(u.world.town.Origins[u.Party()])
	must(err)
	return origin.Host
}

// Portal is the portal as its admin sees it.
type Portal struct{ world *World }

// Status is what the admin API says of a server: waiting, ready, stale or
// error.
func (p *Portal) Status(server string) town.Status {
	s, err := p.admin().Status(p.world.ctx, server)
	must(err)
	return s
}

// Sync asks for a synchronization now and returns the status after it.
func (p *Portal) Sync(server string) town.Status {
	s, err := p.admin().Sync(p.world.ctx, server)
	must(err)
	return s
}

// Refused is why the portal would not take a server of the world; empty if it
// took it.
func (p *Portal) Refused(server string) string {
	p.world.looked(fixtures.AtAdmin)
	return p.world.town.Refused[server]
}

func (p *Portal) admin() town.Administrator {
	p.world.looked(fixtures.AtAdmin)
	dial, err := p.world.town.Client(trace.Party(p.world.fixture.Admin), trace.Client)
	if err != nil {
		fail(fmt.Errorf("the admin has no place on the network: %w", err))
	}
	return town.Administrator{Admin: p.world.town.Admin, HTTP: dial}
}
