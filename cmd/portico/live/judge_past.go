package live

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/portico-mcp/portico/scenarios/invariant"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// What the judge holds. Bytes are of bodies.
const (
	mostNew      = 1000 // exchanges that are read for a look
	mostNewBytes = 2 << 20
	mostHeld     = 1000 // exchanges of the window
	mostHeldBusy = 200  // while more waits to be read than a look takes
	mostBytes    = 8 << 20
	cutBody      = 1 << 20     // a body that is this long was cut by the record (simulators/network)
	longestCall  = time.Minute // after something was missed, it may be that of a call still open
)

// subject is an exchange of the window.
type subject struct {
	network.Seen
	counted bool
	found   map[string]bool // what was found in it already
}

// news says whether a finding was not found before.
func (s *subject) news(f invariant.Finding) bool {
	key := f.Rule + "\x00" + f.Says
	if s.found[key] {
		return false
	}
	if s.found == nil {
		s.found = map[string]bool{}
	}
	s.found[key] = true
	return true
}

// past is what the judge needs of what happened: the window, in which every look
// judges every exchange anew, since an answer can show what a request before it
// was; and the lore of what came before it.
type past struct {
	after  int              // the event up to which it was read
	window map[int]*subject // by the exchange's id
	bytes  int
	lore   lore
	edge   int       // up to this event, calls that had been open may be out of the window
	blind  time.Time // until then, calls may be open that were never read
	missed bool
}

func newPast() past { return past{window: map[int]*subject{}, lore: newLore()} }

// read reads what is new, as much as one look takes, and says whether there may
// be more.
func (p *past) read(n *network.Network, now time.Time) (more bool) {
	news := n.News(p.after, mostNew)
	more = len(news.Seen) == mostNew
	size := 0
	for i, x := range news.Seen {
		if size += bodies(x.Exchange); size > mostNewBytes && i > 0 {
			last := news.Seen[i-1]
			news.Seen, news.Next, more = news.Seen[:i], max(last.Sent, last.Answered), true
			break
		}
	}
	if news.Missed || p.after == 0 && news.Dropped > 0 {
		p.missed, p.blind = true, now.Add(longestCall)
	}
	for _, x := range news.Seen {
		p.take(x)
	}
	p.after = news.Next
	return more
}

func (p *past) take(x network.Seen) {
	s := p.window[x.ID]
	if s == nil {
		s = &subject{}
		p.window[x.ID] = s
	}
	p.bytes += bodies(x.Exchange) - bodies(s.Exchange)
	s.Seen = x
}

func bodies(e trace.Exchange) int {
	size := len(e.Request.Body)
	if e.Response != nil {
		size += len(e.Response.Body)
	}
	return size
}

// ordered is the window in the order in which requests were sent.
func (p *past) ordered() []*subject {
	return slices.SortedFunc(maps.Values(p.window), func(a, b *subject) int { return cmp.Compare(a.Sent, b.Sent) })
}

// trace is the lore and the window; subjects has nil for what is lore, and was
// judged when it was news.
func (p *past) trace(roles map[trace.Party]trace.Role) (t trace.Trace, subjects []*subject) {
	t.Roles = roles
	for _, l := range p.lore.all {
		t.Exchanges, subjects = append(t.Exchanges, certain(l.Exchange)), append(subjects, nil)
	}
	for _, s := range p.ordered() {
		t.Exchanges, subjects = append(t.Exchanges, certain(s.Exchange)), append(subjects, s)
	}
	p.lore.roles = roles
	return t, subjects
}

// certain is an exchange without what was not read to its end: half an answer
// is not a wrong one. The events of a stream are whole by themselves.
func certain(e trace.Exchange) trace.Exchange {
	if len(e.Request.Body) >= cutBody {
		e.Request.Body = ""
	}
	if e.Response == nil || kindOf(e.Response.Header) == "text/event-stream" {
		return e
	}
	if e.Answered == 0 || e.Failure != "" || len(e.Response.Body) >= cutBody {
		e.Response = nil
	}
	return e
}

// Rules that ask which calls were open when a request was sent, and rules that
// ask what was said long before.
var (
	ruledByCalls = map[string]bool{
		"persons-token-for-that-person": true, "no-persons-token-in-a-sync": true, "names-lose-their-prefix": true,
		"servers-refusals-stay": true, "sync-bypasses-gateway": true, "calls-cross-unchanged": true,
		"capabilities-are-the-callers": true, "calls-go-to-their-server": true,
	}
	ruledByLore = map[string]bool{"clients-headers-stay": true, "names-lose-their-prefix": true, "resources-are-named": true, "static-credential-stays": true}
)

// trusts says whether all is known that a rule needs to accuse an exchange.
func (p *past) trusts(rule string, s *subject, now time.Time) bool {
	if ruledByCalls[rule] && (s.Sent <= p.edge || now.Before(p.blind)) {
		return false
	}
	return !(ruledByLore[rule] && p.lore.forgot)
}

// count is how many exchanges of the window have ended since it was last asked.
func (p *past) count() (ended int) {
	for _, s := range p.window {
		if !s.counted && s.Answered > 0 {
			s.counted = true
			ended++
		}
	}
	return ended
}

// retire makes the window small enough. What is still open stays, as far as
// there is room; of what goes, the lore keeps what it teaches.
func (p *past) retire(busy bool) {
	most := mostHeld
	if busy {
		most = mostHeldBusy
	}
	over := func() bool { return len(p.window) > most || p.bytes > mostBytes }
	for _, open := range []bool{false, true} {
		for _, s := range p.ordered() {
			if !over() {
				return
			}
			if (s.Answered == 0) != open {
				continue
			}
			p.edge = max(p.edge, s.Answered)
			if open {
				p.edge = max(p.edge, p.after)
			}
			p.drop(s)
		}
	}
}

func (p *past) drop(s *subject) {
	delete(p.window, s.ID)
	p.bytes -= bodies(s.Exchange)
	p.lore.keep(s.Exchange)
}

// forget empties the window. The lore stays: who forgets what happened still
// has the same tokens.
func (p *past) forget(latest int, now time.Time) {
	for _, s := range p.ordered() {
		p.drop(s)
	}
	p.after, p.edge, p.blind, p.missed = latest, latest, now.Add(longestCall), false
}

// What the lore holds.
const (
	mostLore      = 400 // exchanges
	mostLoreBytes = 4 << 20
)

// lore is the exchanges before the window that later ones are held to: where a
// secret was issued or first shown, what servers offer, which cookies they set,
// who is an administrator.
type lore struct {
	roles  map[trace.Party]trace.Role
	all    []*teacher
	taught map[string]*teacher
	bytes  int
	forgot bool // something whose lack makes a wrong accusation
}

// teacher is an exchange and what is known only from it.
type teacher struct {
	trace.Exchange
	lessons map[string]bool
}

func newLore() lore { return lore{taught: map[string]*teacher{}} }

// keep keeps an exchange if it teaches something new. Of a secret the first
// place counts, of all else the latest.
func (l *lore) keep(e trace.Exchange) {
	one := &teacher{Exchange: e, lessons: map[string]bool{}}
	for _, lesson := range lessons(e, l.roles) {
		before := l.taught[lesson]
		if before != nil && secretive(lesson) {
			continue
		}
		if before != nil {
			delete(before.lessons, lesson)
		}
		one.lessons[lesson], l.taught[lesson] = true, one
	}
	l.all = append(l.all, one)
	l.bytes += bodies(e)
	l.sweep()
}

// sweep gives up who teaches nothing any more, and the oldest if there are too
// many: those first that only know secrets.
func (l *lore) sweep() {
	drop := func(which func(*teacher) bool, most int) {
		l.all = slices.DeleteFunc(l.all, func(t *teacher) bool {
			if most == 0 || !which(t) {
				return false
			}
			most--
			l.bytes -= bodies(t.Exchange)
			for lesson := range t.lessons {
				l.forgot = l.forgot || !secretive(lesson) || strings.Contains(lesson, " issued ")
				delete(l.taught, lesson)
			}
			return true
		})
	}
	drop(func(t *teacher) bool { return len(t.lessons) == 0 }, math.MaxInt)
	onlySecrets := func(t *teacher) bool {
		for lesson := range t.lessons {
			if !secretive(lesson) {
				return false
			}
		}
		return true
	}
	for _, which := range []func(*teacher) bool{onlySecrets, func(*teacher) bool { return true }} {
		for before := -1; (len(l.all) > mostLore || l.bytes > mostLoreBytes) && before != len(l.all); {
			before = len(l.all)
			drop(which, 1)
		}
	}
}

// secretive says whether a lesson is where a secret was seen.
func secretive(lesson string) bool { return strings.HasPrefix(lesson, "secret ") }
