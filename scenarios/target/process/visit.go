package process

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// visit is a story's own part of a town that stands in another process.
type visit struct {
	running *running
	network *network.Network

	mu      sync.Mutex
	hosts   map[trace.Party]*network.Host
	origins map[trace.Party]string // of our own parties that listen
}

func (v *visit) client(party trace.Party, role trace.Role) (*http.Client, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if h := v.hosts[party]; h != nil {
		return h.Client(), nil
	}
	h, err := v.network.Host(party, role, "")
	if err != nil {
		return nil, err
	}
	v.hosts[party] = h
	return h.Client(), nil
}

// serve puts a party of the story on our own network, where the town finds it.
func (v *visit) serve(party trace.Party, name string, answer http.Handler) (string, error) {
	h, err := v.network.Host(party, trace.Client, name)
	if err != nil {
		return "", err
	}
	v.mu.Lock()
	v.origins[party] = h.Origin()
	v.mu.Unlock()
	return h.Origin(), h.Serve(answer)
}

// trace joins what our clients saw with what the town's own parties saw of one
// another. A hop from us into the town is ours to record; the town's record of
// it is left out.
func (v *visit) trace(ctx context.Context) trace.Trace {
	var seen past
	if err := v.running.control(ctx, http.MethodGet, "/trace", &seen); err != nil {
		panic(err) // the town has gone, and with it the evidence
	}
	ours := v.network.Trace()
	var all []moment
	all = appendMoments(all, v.network.Began(), v.dialled(ours))
	all = appendMoments(all, seen.Began, v.dialled(seen.Trace))
	joined := join(all, v.network.Began())
	joined.Roles = seen.Trace.Roles
	for party, role := range ours.Roles {
		joined.Roles[party] = role
	}
	return joined.Canonical()
}

// dialled is what one side recorded at the dialling end, with the names of both
// sides' parties; what it recorded of a stranger is the other side's to tell.
func (v *visit) dialled(t trace.Trace) []trace.Exchange {
	var all []trace.Exchange
	for _, e := range t.Exchanges {
		if e.From != "" {
			e.To = v.partyAt(e)
			all = append(all, e)
		}
	}
	return all
}

// partyAt is who was dialled: a proxy keeps its name, a URL of the other side
// gets one.
func (v *visit) partyAt(e trace.Exchange) trace.Party {
	if string(e.To) != e.Host() {
		return e.To
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, origins := range []map[trace.Party]string{v.running.ready.Origins, v.origins} {
		for party, origin := range origins {
			if u, err := url.Parse(origin); err == nil && u.Host == e.Host() {
				return party
			}
		}
	}
	return e.To
}

// moment is an event of an exchange at a time both processes agree on.
type moment struct {
	at       time.Time
	exchange *trace.Exchange
	answer   bool
}

func appendMoments(all []moment, began time.Time, exchanges []trace.Exchange) []moment {
	for i := range exchanges {
		e := &exchanges[i]
		sent := began.Add(e.After)
		all = append(all, moment{at: sent, exchange: e})
		if e.Answered > 0 {
			all = append(all, moment{at: sent.Add(e.Took), exchange: e, answer: true})
		}
	}
	return all
}

// join numbers the events of both records by their time, and counts that time
// from the beginning.
func join(all []moment, began time.Time) trace.Trace {
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	var t trace.Trace
	var order []*trace.Exchange
	for i, m := range all {
		if m.answer {
			m.exchange.Answered = i + 1
			continue
		}
		m.exchange.Sent = i + 1
		m.exchange.After = m.at.Sub(began)
		order = append(order, m.exchange)
	}
	slices.SortFunc(order, func(a, b *trace.Exchange) int { return cmp.Compare(a.Sent, b.Sent) })
	for _, e := range order {
		t.Exchanges = append(t.Exchanges, *e)
	}
	return t
}
