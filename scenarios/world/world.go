// Package world is the vocabulary of the stories: a World has people, machines
// and upstreams; a Person connects and calls. Plain verbs must succeed, or the
// story fails where they stand; Try verbs return what happened.
package world

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/simulators/gateway"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Args are the arguments of a tool.
type Args map[string]any

// World is the town a story happens in.
type World struct {
	ctx      context.Context
	cancel   context.CancelFunc
	town     *target.Town
	fixture  fixtures.World
	revision string

	looks   []*look // what the story looked at
	done    []*act  // what was done
	seats   []fixtures.Seat
	missing string // why the story could not go on
}

// Open puts the target's portal into a world whose every leg speaks the
// revision.
func Open(t target.Target, fixture fixtures.World, revision string) (*World, error) {
	ctx, cancel := context.WithCancel(context.Background())
	town, err := t.Open(ctx, fixture, revision)
	if err != nil {
		cancel()
		return nil, err
	}
	return &World{ctx: ctx, cancel: cancel, town: town, fixture: fixture, revision: revision}, nil
}

// Close ends every session and takes the town down.
func (w *World) Close() {
	w.cancel()
	w.town.Close()
}

// Abandon ends everything that people of the world are waiting for.
func (w *World) Abandon() { w.cancel() }

// Revision is the revision of the Model Context Protocol that every leg of
// this world speaks.
func (w *World) Revision() string { return w.revision }

// Person is somebody of this world, who has not connected yet. Asked twice for
// the same person it gives two that share nothing but the name.
func (w *World) Person(id string) *Person {
	fixture, err := fixtures.LoadPerson(id)
	must(err)
	return &Person{world: w, fixture: fixture, party: trace.Party(id)}
}

// Service is a machine of this world, which holds a service token.
func (w *World) Service(id string) *Person {
	fixture, err := fixtures.LoadService(id)
	must(err)
	return &Person{world: w, service: &fixture, party: trace.Party(id)}
}

// Upstream is a server of this world.
func (w *World) Upstream(id string) *Upstream {
	i := slices.IndexFunc(w.fixture.Servers, func(s fixtures.Server) bool { return s.ID == id })
	if i < 0 {
		fail(fmt.Errorf("world %q has no server %q", w.fixture.Name, id))
	}
	return &Upstream{world: w, fixture: w.fixture.Servers[i]}
}

// Endpoint is the URL of the portal's MCP endpoint.
func (w *World) Endpoint() string { return w.town.Endpoint }

// Portal is the portal as its admin sees it.
func (w *World) Portal() *Portal { return &Portal{world: w} }

// GatewayLog is what the gateway itself says passed through it.
func (w *World) GatewayLog() []gateway.Record {
	w.looked(fixtures.AtGateway)
	return w.town.GatewayLog()
}

// Log is what the portal itself logged; a story that reads it needs target.Logs.
func (w *World) Log() string {
	w.looked(fixtures.AtLog)
	return w.town.Log()
}

// Address is the address a party dials from.
func (w *World) Address(p trace.Party) string {
	address := w.town.Addresses[p]
	if address == "" {
		fail(fmt.Errorf("%s dials from no address of its own", p))
	}
	return address
}

// Pass lets time go by: virtual time, which costs nothing. A story that says
// so needs target.VirtualTime.
func (w *World) Pass(d time.Duration) {
	w.looked(fixtures.AtClock)
	w.acts(fmt.Sprintf("%s pass", d), nil, fixtures.AtClock)
	time.Sleep(d)
}

// Opening is what was seen before the story began: how the portal found its
// place in the town. A portal that shows nothing of it ends the story.
func (w *World) Opening() Sight {
	if len(w.town.Opening.Exchanges) == 0 {
		w.end("nothing is seen of how the portal began")
	}
	return SightOf(w.town.Opening)
}

// Whole is everything that was seen, for a report: that somebody asked for it is
// no look of the story's.
func (w *World) Whole() trace.Trace { return w.town.Trace() }

// Seen is what each end saw, on one line: requests sent by each client, and
// requests heard by everybody who listens.
func (w *World) Seen() string {
	sent, heard := map[trace.Party]int{}, map[trace.Party]int{}
	t := w.town.Trace()
	for _, e := range t.Exchanges {
		sent[e.From]++
		heard[e.To]++
	}
	var ends []string
	silent := []string{}
	for _, party := range w.ends(t) {
		switch {
		case sent[party] > 0 && (t.Role(party) == trace.Client || t.Role(party) == trace.Browser):
			ends = append(ends, fmt.Sprintf("%s sent %d", party, sent[party]))
		case heard[party] > 0:
			ends = append(ends, fmt.Sprintf("%s heard %d", party, heard[party]))
		case t.Role(party) == trace.Upstream || t.Role(party) == trace.Gateway:
			silent = append(silent, string(party))
		}
	}
	if len(silent) > 0 {
		ends = append(ends, "nothing reached "+strings.Join(silent, ", "))
	}
	return strings.Join(ends, " · ")
}

// ends is the parties in the order a call passes them.
func (w *World) ends(t trace.Trace) []trace.Party {
	order := []trace.Role{trace.Client, trace.Browser, trace.Access, trace.IdentityProvider, trace.Portal, trace.Gateway, trace.Upstream, trace.AuthorizationServer, trace.Admin}
	var parties []trace.Party
	for p := range t.Roles {
		parties = append(parties, p)
	}
	slices.SortFunc(parties, func(a, b trace.Party) int {
		if d := slices.Index(order, t.Roles[a]) - slices.Index(order, t.Roles[b]); d != 0 {
			return d
		}
		return strings.Compare(string(a), string(b))
	})
	return parties
}

// must ends the story if a plain verb did not succeed.
func must(err error) {
	if err != nil {
		ginkgo.Fail(err.Error(), 2)
	}
}

func fail(err error) { ginkgo.Fail(err.Error(), 2) }
