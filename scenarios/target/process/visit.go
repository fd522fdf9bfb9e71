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

	mu    sync.Mutex
	hosts map[trace.Party]*network.Host
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

// trace joins what our clients saw with what the town's own parties saw of one
// another. A hop from us into the town is ours to record; the town's record of
// it is left out.
func (v *visit) trace(ctx context.Context) trace.Trace {
	var journal Journal
	if err := v.running.control(ctx, http.MethodGet, "/journal", &journal); err != nil {
		panic(err) // the town has gone, and with it the evidence
	}
	ours := v.network.Trace()
	for i := range ours.Exchanges {
		ours.Exchanges[i].To = v.partyAt(ours.Exchanges[i])
	}
	var all []moment
	all = appendMoments(all, v.network.Began(), ours.Exchanges)
	all = appendMoments(all, journal.Began, slices.DeleteFunc(journal.Trace.Exchanges, func(e trace.Exchange) bool {
		return e.From == ""
	}))
	joined := join(all)
	joined.Roles = journal.Trace.Roles
	for party, role := range ours.Roles {
		joined.Roles[party] = role
	}
	return joined.Canonical()
}

// partyAt is who stands at the URL our client dialled.
func (v *visit) partyAt(e trace.Exchange) trace.Party {
	for party, origin := range v.running.ready.Origins {
		if u, err := url.Parse(origin); err == nil && u.Host == e.Host() {
			return party
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

// join numbers the events of both records by their time.
func join(all []moment) trace.Trace {
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	var t trace.Trace
	var order []*trace.Exchange
	for i, m := range all {
		if m.answer {
			m.exchange.Answered = i + 1
			continue
		}
		m.exchange.Sent = i + 1
		order = append(order, m.exchange)
	}
	slices.SortFunc(order, func(a, b *trace.Exchange) int { return cmp.Compare(a.Sent, b.Sent) })
	for _, e := range order {
		t.Exchanges = append(t.Exchanges, *e)
	}
	return t
}
