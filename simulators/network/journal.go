package network

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"time"

	"github.com/portico-mcp/portico/simulators/trace"
)

// Bound says how much of the past a network keeps. What is over it is given up,
// the oldest first, and counted.
type Bound struct {
	Exchanges int // 0: all
	Bytes     int // of bodies; 0: all
}

// Seen is one exchange as a journal has it.
type Seen struct {
	ID int       `json:"id"` // of the exchange, as long as the network lives
	At time.Time `json:"at"` // when the request was sent
	trace.Exchange
}

// News is what happened after some event.
type News struct {
	Seen    []Seen `json:"seen"`    // each exchange once, in the order of its last event
	Next    int    `json:"next"`    // the event to ask from next time
	Dropped int    `json:"dropped"` // exchanges given up since the network was built
	Missed  bool   `json:"missed"`  // events between were given up before they were asked for
}

// logged is an event: an exchange began or ended.
type logged struct {
	event int
	of    *exchange
}

// happened notes the latest event and wakes who watches. The recorder is
// locked.
func (r *recorder) happened(x *exchange) {
	if len(r.watches) == 0 && r.bound == (Bound{}) {
		return // nobody follows: a story reads its trace when it is over
	}
	r.log = append(r.log, logged{r.event, x})
	for w := range r.watches {
		select {
		case w <- struct{}{}:
		default: // it has been told, and has not looked yet
		}
	}
}

func (r *recorder) holds(x *exchange, more int) {
	if !x.gone {
		x.bytes += more
		r.bytes += more
	}
}

// makeRoom gives up the oldest exchanges. The recorder is locked.
func (r *recorder) makeRoom() {
	over := func() bool {
		return r.bound.Exchanges > 0 && len(r.seen) > r.bound.Exchanges || r.bound.Bytes > 0 && r.bytes > r.bound.Bytes
	}
	for len(r.seen) > 1 && over() {
		x := r.seen[0]
		r.seen[0], r.seen = nil, r.seen[1:]
		x.gone = true
		r.bytes -= x.bytes
		r.dropped++
	}
	for len(r.log) > 0 && r.log[0].of.gone {
		r.log[0].of, r.log = nil, r.log[1:]
	}
}

// Watch tells that something happened: a value comes on the channel, one for
// any number of events. stop ends it. What is asked of News afterwards misses
// nothing that is still kept.
func (n *Network) Watch() (happened <-chan struct{}, stop func()) {
	w := make(chan struct{}, 1)
	r := n.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watches[w] = true
	return w, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watches, w)
	}
}

// News is what happened after an event, 0 for everything that is kept; at most
// so many exchanges, 0: all. It needs a network with a Bound, or one that is
// watched: others keep no events.
func (n *Network) News(after, atMost int) News {
	r := n.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	news := News{Next: r.event, Dropped: r.dropped}
	news.Missed = len(r.log) > 0 && after > 0 && r.log[0].event > after+1
	last := map[*exchange]int{} // to the place of its last event
	first := r.firstAfter(after)
	for i := first; i < len(r.log); i++ {
		last[r.log[i].of] = i
	}
	for i := first; i < len(r.log); i++ {
		x := r.log[i].of
		if x.gone || last[x] != i {
			continue
		}
		if atMost > 0 && len(news.Seen) == atMost {
			news.Next = r.log[i].event - 1
			break
		}
		news.Seen = append(news.Seen, Seen{x.id, x.at, x.copy()})
	}
	return news
}

// firstAfter is the place of the first event after one.
func (r *recorder) firstAfter(event int) int {
	low, high := 0, len(r.log)
	for low < high {
		if middle := (low + high) / 2; r.log[middle].event <= event {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// Unseen is an HTTP client for who looks on: what it asks is no part of what is
// seen.
func (n *Network) Unseen() *http.Client {
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return n.ground.dial(ctx, &Host{network: n}, address)
		},
		TLSClientConfig: trusting(n.trust, nil),
	}
	return &http.Client{Transport: &unseen{recorder: n.recorder, Transport: t}}
}

type unseen struct {
	recorder *recorder
	*http.Transport
}

// RoundTrip sends the request and records nothing.
func (u *unseen) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{gone: true}
	hooks := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		u.recorder.rides(x, c.Conn.LocalAddr().String())
	}}
	return u.Transport.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), hooks)))
}

// Latest is the latest event: what to ask for News from, for what happens after.
func (n *Network) Latest() int {
	n.recorder.mu.Lock()
	defer n.recorder.mu.Unlock()
	return n.recorder.event
}

// Find is the exchange with an ID, if it is still kept.
func (n *Network) Find(id int) (Seen, bool) {
	n.recorder.mu.Lock()
	defer n.recorder.mu.Unlock()
	i, ok := slices.BinarySearchFunc(n.recorder.seen, id, func(x *exchange, id int) int { return x.id - id })
	if !ok {
		return Seen{}, false
	}
	x := n.recorder.seen[i]
	return Seen{x.id, x.at, x.copy()}, true
}
