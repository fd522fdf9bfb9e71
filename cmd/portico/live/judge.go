package live

import (
	"context"
	"sync"
	"time"

	"github.com/portico-mcp/portico/scenarios/invariant"
	"github.com/portico-mcp/portico/simulators/network"
)

// How the judge keeps its pace. A look costs 35 to 90 µs for each exchange it
// holds, so that a full one takes about a tenth of a second; all of them together
// never take more than a sixth of one core.
const (
	settling = 100 * time.Millisecond // in which the hops of a call come together
	between  = time.Second            // two looks
	easing   = 5                      // times as long as a look took is waited after it
)

// judge holds the rules of scenarios/invariant against what the journal keeps
// while it happens: a window over the newest exchanges, and before it those that
// taught something (see past). It looks on: nothing in the town waits for it.
type judge struct {
	network *network.Network
	letters func(network.Seen) network.Seen

	end   context.CancelFunc
	done  chan struct{}
	hurry chan struct{} // somebody waits for the verdict

	looking sync.Mutex // held for a look
	past    past

	mu      sync.Mutex
	verdict verdict
	changed chan struct{} // closed when there is a new verdict
}

// judging begins to judge what a network sees, until stop.
func judging(n *network.Network, letters func(network.Seen) network.Seen) *judge {
	ctx, end := context.WithCancel(context.Background())
	j := &judge{
		network: n, letters: letters, end: end, done: make(chan struct{}), hurry: make(chan struct{}, 1),
		past: newPast(), verdict: newVerdict(), changed: make(chan struct{}),
	}
	go j.run(ctx)
	return j
}

// stop ends the judge, at the latest with the look it is taking.
func (j *judge) stop() {
	j.end()
	<-j.done
}

func (j *judge) run(ctx context.Context) {
	defer close(j.done)
	happened, stop := j.network.Watch()
	defer stop()
	for more := true; ; {
		if !more {
			select {
			case <-happened:
				rest(ctx, settling, j.hurry)
			case <-j.hurry:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return
		}
		began := time.Now()
		more = j.look(began)
		rest(ctx, max(between, easing*time.Since(began)), nil)
	}
}

// rest waits, but not when the town ends or somebody is in a hurry.
func rest(ctx context.Context, d time.Duration, hurry <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-hurry:
	case <-timer.C:
	}
}

// look judges what is new, and says whether there may be more already.
func (j *judge) look(now time.Time) (more bool) {
	j.looking.Lock()
	defer j.looking.Unlock()
	more = j.past.read(j.network, now)
	t, subjects := j.past.trace(j.network.Roles())
	results := invariant.Examine(t)
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, r := range results {
		state := &j.verdict.rules[i]
		state.Judged = max(state.Judged, r.Saw)
		for _, f := range r.Findings {
			if s := subjects[f.Exchange]; s != nil && j.past.trusts(f.Rule, s, now) && s.news(f) {
				j.verdict.add(state, f.Says, j.letters(s.Seen))
			}
		}
	}
	j.verdict.exchanges += j.past.count()
	j.verdict.upTo, j.verdict.missed = j.past.after, j.verdict.missed || j.past.missed
	j.past.retire(more)
	close(j.changed)
	j.changed = make(chan struct{})
	return more
}

// forget drops what was found so far.
func (j *judge) forget() {
	j.looking.Lock()
	defer j.looking.Unlock()
	j.past.forget(j.network.Latest(), time.Now())
	j.mu.Lock()
	defer j.mu.Unlock()
	next := newVerdict()
	next.upTo, next.marks.gone = j.past.after, j.verdict.marks.gone+len(j.verdict.marks.order)
	j.verdict = next
	close(j.changed)
	j.changed = make(chan struct{})
}

// now is the verdict so far, and what is closed when there is another.
func (j *judge) now() (Judgement, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	said := j.verdict.judgement()
	said.Behind = max(0, j.network.Latest()-j.verdict.upTo)
	return said, j.changed
}

// Judgement waits until what has happened so far is judged, or ctx ends, and
// says what the rules over traces saw. Judgement.Behind tells which it was.
func (t *Town) Judgement(ctx context.Context) Judgement {
	until := t.Network.Latest()
	for {
		said, changed := t.judge.now()
		if t.Network.Latest()-said.Behind >= until || ctx.Err() != nil {
			return said
		}
		select {
		case t.judge.hurry <- struct{}{}:
		default: // it knows already
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// Broken tells of each rule when it is first broken, once, until ctx ends or
// hear returns false. It slows nothing down.
func (t *Town) Broken(ctx context.Context, hear func(Finding) bool) {
	told := map[string]bool{}
	for {
		said, changed := t.judge.now()
		for i := len(said.Findings) - 1; i >= 0; i-- { // the newest stand first
			f := said.Findings[i]
			if told[f.Rule] {
				continue
			}
			if told[f.Rule] = true; !hear(f) {
				return
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// Forget forgets what was seen, and what was found in it.
func (t *Town) Forget() {
	t.Town.Forget()
	t.judge.forget()
}
