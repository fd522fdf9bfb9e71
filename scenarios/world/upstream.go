package world

import (
	"cmp"
	"net/url"

	"github.com/portico-mcp/portico/fixtures"
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

// Introduces is what the server calls itself (serverInfo.name).
func (u *Upstream) Introduces() string { return cmp.Or(u.fixture.Introduces, u.fixture.ID) }

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

// Refused is why the portal would not take a server of the world; empty if it
// took it.
func (p *Portal) Refused(server string) string {
	p.world.looked(fixtures.AtAdmin)
	return p.world.town.Refused[server]
}
