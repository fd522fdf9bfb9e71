package world

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Sight is a part of what was seen in the town. That a story looked at it is
// remembered, and becomes the evidence its verdict stands on.
type Sight struct {
	trace.Trace
	world *World
	look  *look
}

// look is what a story wanted to see, and how much of it there was then.
type look struct {
	of       []string // in words: "from portal", "into wiki"
	parties  []trace.Party
	keep     []func(trace.Exchange) bool
	seen     int  // exchanges that it showed
	whole    int  // exchanges in the town then
	after    *act // the story's last act before it; nil: there was none
	narrowed bool // a smaller look was taken of it
	used     bool // a matcher judged it
}

// Trace is what was seen in the town since the story began.
func (w *World) Trace() Sight {
	t := w.town.Trace()
	l := &look{seen: len(t.Exchanges), whole: len(t.Exchanges), after: w.last()}
	w.looks = append(w.looks, l)
	return Sight{Trace: t, world: w, look: l}
}

// SightOf is a sight of a trace that belongs to no world: nobody remembers it.
func SightOf(t trace.Trace) Sight { return Sight{Trace: t, look: &look{}} }

// From is what the party sent.
func (s Sight) From(p trace.Party) Sight {
	return s.narrow("from "+string(p), func(e trace.Exchange) bool { return e.From == p }, p)
}

// Into is what reached one of the parties, on whatever hop.
func (s Sight) Into(parties ...trace.Party) Sight {
	return s.narrow("into "+words(parties), func(e trace.Exchange) bool { return slices.Contains(parties, e.To) }, parties...)
}

// Asking is the exchanges whose request carries the JSON-RPC method.
func (s Sight) Asking(method string) Sight {
	return s.narrow(method, func(e trace.Exchange) bool { return e.Asked().Method == method })
}

// Filter is the exchanges for which keep is true.
func (s Sight) Filter(keep func(trace.Exchange) bool) Sight { return s.narrow("chosen", keep) }

func (s Sight) narrow(of string, keep func(trace.Exchange) bool, parties ...trace.Party) Sight {
	s.look.narrowed = true
	narrower := s.Trace.Filter(keep)
	l := &look{
		of: append(slices.Clone(s.look.of), of), parties: append(slices.Clone(s.look.parties), parties...),
		keep: append(slices.Clone(s.look.keep), keep), seen: len(narrower.Exchanges), whole: s.look.whole, after: s.look.after,
	}
	if s.world != nil {
		s.world.looks = append(s.world.looks, l)
	}
	return Sight{Trace: narrower, world: s.world, look: l}
}

// Judged is the trace, for a matcher that judges it.
func (s Sight) Judged() trace.Trace {
	s.look.used = true
	return s.Trace
}

// Missing ends the story: what it needs to judge the target by is not there.
func (s Sight) Missing(what string) {
	if s.world == nil {
		panic(what)
	}
	s.world.end(what)
}

// counts says whether the look is evidence: not merely the way to a smaller
// one, and not the whole town unless something was judged in it.
func (l *look) counts() bool { return l.used || !l.narrowed && len(l.of) > 0 }

func (l *look) shows(e trace.Exchange) bool {
	return !slices.ContainsFunc(l.keep, func(keep func(trace.Exchange) bool) bool { return !keep(e) })
}

// evidence is what the look saw, by its places in the whole trace.
func (l *look) evidence(whole trace.Trace) verdict.Evidence {
	e := verdict.Evidence{Of: strings.Join(l.of, " "), Seats: seatsOf(whole, l.parties)}
	for i, x := range whole.Exchanges {
		if len(e.Exchanges) < l.seen && l.shows(x) {
			e.Exchanges = append(e.Exchanges, i+1)
		}
	}
	if len(l.parties) == 0 {
		e.Seats = seatsAlong(whole, e.Exchanges)
	}
	if e.Of == "" {
		e.Of = "the whole town"
	}
	if len(e.Exchanges) == 0 {
		e.Silent = true
		e.Watched = l.window(whole)
	}
	return e
}

// window is where nothing came, in exchanges of the whole trace: from the act
// before the look to the look, and as long as the story stayed after it.
func (l *look) window(whole trace.Trace) string {
	first := 1
	if l.after != nil {
		if places := l.after.places(whole); len(places) > 0 {
			first = places[0]
		}
	}
	return fmt.Sprintf("from #%d to #%d", first, max(first, l.whole))
}

// seats says from where the exchanges of a role are seen. What the portal itself
// sends is seen by those it reaches.
var seats = map[trace.Role][]fixtures.Seat{
	trace.Client: {fixtures.AtClient}, trace.Browser: {fixtures.AtBrowser}, trace.Access: {fixtures.AtAccess},
	trace.Portal: {fixtures.AtAccess, fixtures.AtUpstream, fixtures.AtAuthorizationServer}, trace.Admin: {fixtures.AtAdmin},
	trace.IdentityProvider: {fixtures.AtIdentityProvider}, trace.Gateway: {fixtures.AtGateway},
	trace.Upstream: {fixtures.AtUpstream}, trace.AuthorizationServer: {fixtures.AtAuthorizationServer},
}

func seatsOf(t trace.Trace, parties []trace.Party) []fixtures.Seat {
	var all []fixtures.Seat
	for _, p := range parties {
		all = append(all, seats[t.Role(p)]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func seatsAlong(t trace.Trace, places []int) []fixtures.Seat {
	var parties []trace.Party
	for _, i := range places {
		parties = append(parties, t.Exchanges[i-1].From, t.Exchanges[i-1].To)
	}
	return seatsOf(t, parties)
}

func words(parties []trace.Party) string {
	var all []string
	for _, p := range parties {
		all = append(all, string(p))
	}
	return strings.Join(all, ", ")
}
