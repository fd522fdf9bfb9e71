package live

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Follow gives what happens from now on, in batches and with letters for what
// is opaque, until ctx ends or hear returns false. It never slows the town down:
// who hears slowly is told less often, and what was given up meanwhile is
// counted in News.Dropped.
func (t *Town) Follow(ctx context.Context, after int, hear func(network.News) bool) {
	happened, stop := t.Network.Watch()
	defer stop()
	for {
		news := t.Network.News(after, batch)
		if after = news.Next; len(news.Seen) > 0 {
			t.named(news.Seen)
			if !hear(news) || ctx.Err() != nil { // where much happens there is always more
				return
			}
			continue
		}
		select {
		case <-happened:
		case <-ctx.Done():
			return
		}
	}
}

// batch is the most exchanges that are given at once.
const batch = 500

// named puts letters in the place of what is opaque: the same ones for everybody
// who looks on.
func (t *Town) named(seen []network.Seen) {
	for i := range seen {
		seen[i] = t.lettered(seen[i])
	}
}

// lettered is named for one exchange.
func (t *Town) lettered(x network.Seen) network.Seen {
	t.naming.Lock()
	defer t.naming.Unlock()
	x.Exchange = t.names.Named(x.Exchange)
	return x
}

// Match is what an exchange must look like. The zero Match takes every one.
type Match struct{ terms []term }

type term struct{ key, want string }

// keys are what a term can ask of an exchange.
var keys = map[string]func(trace.Exchange) string{
	"from":   func(e trace.Exchange) string { return string(e.From) },
	"to":     func(e trace.Exchange) string { return string(e.To) },
	"method": func(e trace.Exchange) string { return e.Asked().Method },
	"name":   func(e trace.Exchange) string { return e.Asked().Name() },
	"http":   func(e trace.Exchange) string { return e.Request.Method },
	"path":   trace.Exchange.Path,
	"host":   trace.Exchange.Host,
	"status": func(e trace.Exchange) string { return strconv.Itoa(e.Status()) },
}

// ParseMatch reads terms divided by spaces, all of which must hold: key=value,
// where the value may have * in it and the keys are from, to, method (of
// JSON-RPC), name (of the tool), http (method), path, host and status; a word
// without = must occur somewhere in what the exchange's line says of the hop,
// what was asked, with which credential, and what came of it. The error is
// ErrUsage.
func ParseMatch(text string) (Match, error) {
	var m Match
	for _, word := range strings.Fields(text) {
		key, want, ok := strings.Cut(word, "=")
		if !ok {
			m.terms = append(m.terms, term{want: word})
			continue
		}
		if keys[key] == nil {
			return Match{}, fmt.Errorf("%w: match by from, to, method, name, http, path, host or status, not by %q", ErrUsage, key)
		}
		if _, err := path.Match(globOf(want), ""); err != nil {
			return Match{}, fmt.Errorf("%w: %q is no pattern", ErrUsage, want)
		}
		m.terms = append(m.terms, term{key, want})
	}
	return m, nil
}

// globOf lets * stand for slashes too.
func globOf(want string) string { return strings.ReplaceAll(want, "/", "\x00") }

// Holds says whether an exchange is as wanted, and how many terms it meets.
func (m Match) Holds(e trace.Exchange) (all bool, met int) {
	for _, t := range m.terms {
		if t.holds(e) {
			met++
		}
	}
	return met == len(m.terms), met
}

func (t term) holds(e trace.Exchange) bool {
	if t.key == "" {
		return strings.Contains(strings.ToLower(words(e)), strings.ToLower(t.want))
	}
	ok, _ := path.Match(globOf(t.want), globOf(keys[t.key](e)))
	return ok
}

// wordy says whether a term is a word: what it may be found in has letters for
// what is opaque.
func (m Match) wordy() bool {
	return slices.ContainsFunc(m.terms, func(t term) bool { return t.key == "" })
}

// words is what a word can be found in.
func words(e trace.Exchange) string {
	said := []string{string(party(e.From)), "→", string(e.To), e.Request.Method, e.Host() + e.Path(), e.Asked().Method, e.Asked().Name(), Credential(e)}
	if e.Response != nil {
		said = append(said, strconv.Itoa(e.Status()))
	}
	for _, m := range e.Told() {
		if m.Error != nil {
			said = append(said, "error")
		}
	}
	if e.Failure != "" {
		said = append(said, "failed: "+e.Failure)
	}
	return strings.Join(said, " ")
}

// Waited is what waiting came to.
type Waited struct {
	Seen *network.Seen `json:"seen"` // nil: nothing came in time
	// Nearest is, if nothing came, what came nearest: the exchange that met the
	// most terms.
	Nearest *network.Seen `json:"nearest,omitempty"`
	Next    int           `json:"next"` // the event to go on from
}

// Wait waits for an exchange that has ended and is as wanted, among those after
// an event.
func (t *Town) Wait(ctx context.Context, after int, m Match) Waited {
	result, best := Waited{Next: after}, 0
	t.Follow(ctx, after, func(news network.News) bool {
		for _, s := range news.Seen {
			ended := s.Answered > 0 || s.Failure != ""
			all, met := m.Holds(s.Exchange)
			if all && ended {
				result.Seen, result.Nearest = &s, nil
				result.Next = max(s.Sent, s.Answered)
				return false
			}
			if met > best {
				best, result.Nearest = met, &s
			}
		}
		result.Next = news.Next
		return true
	})
	return result
}

// query is what can be asked of the journal.
type query struct {
	since, limit int
	onwards      bool // it goes on from an event, and would miss what a limit leaves out
	match        Match
	timeout      time.Duration
}

func readQuery(v url.Values) (q query, err error) {
	for name, into := range map[string]*int{"since": &q.since, "limit": &q.limit} {
		if text := v.Get(name); text != "" {
			if *into, err = strconv.Atoi(text); err != nil || *into < 0 {
				return query{}, fmt.Errorf("%w: %s=%q is no number", ErrUsage, name, text)
			}
		}
	}
	q.onwards = v.Has("since")
	if q.match, err = ParseMatch(v.Get("match")); err != nil {
		return query{}, err
	}
	q.timeout = 10 * time.Second
	if text := v.Get("timeout"); text != "" {
		if q.timeout, err = time.ParseDuration(text); err != nil || q.timeout < 0 || q.timeout > 10*time.Minute {
			return query{}, fmt.Errorf("%w: timeout=%q is no time up to 10m; write 5s", ErrUsage, text)
		}
	}
	return q, nil
}
