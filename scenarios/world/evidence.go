package world

import (
	"fmt"
	"slices"
	"time"

	"github.com/onsi/ginkgo/v2"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/trace"
)

// act is something a person or the admin did, and how the target took it.
type act struct {
	of      string
	from    []trace.Party
	seats   []fixtures.Seat
	before  int // exchanges of these parties when it began
	after   int // when it ended
	refused bool
}

// acts remembers something that is done now; the returned function ends it.
func (w *World) acts(of string, from []trace.Party, seats ...fixtures.Seat) (ended func(refused bool)) {
	a := &act{of: of, from: from, seats: seats}
	a.before = a.count(w.town.Trace())
	a.after = a.before
	w.done = append(w.done, a)
	return func(refused bool) { a.after, a.refused = a.count(w.town.Trace()), refused }
}

// last is the last act; nil if there is none.
func (w *World) last() *act {
	if len(w.done) == 0 {
		return nil
	}
	return w.done[len(w.done)-1]
}

// Evidence is everything the story looked at, and everything it did, as places
// in the whole trace.
func (w *World) Evidence(whole trace.Trace) []verdict.Evidence {
	var all []verdict.Evidence
	for _, a := range w.done {
		all = append(all, a.evidence(whole))
	}
	for _, l := range w.looks {
		if l.counts() {
			all = append(all, l.evidence(whole))
		}
	}
	for _, seat := range w.seats {
		all = append(all, verdict.Evidence{Seats: []fixtures.Seat{seat}, Of: "the " + string(seat)})
	}
	return all
}

func (a *act) evidence(whole trace.Trace) verdict.Evidence {
	return verdict.Evidence{Seats: a.seats, Of: a.of, Exchanges: a.places(whole), Refused: a.refused}
}

// places are the exchanges of the act in the whole trace, from 1: what its
// parties sent between its beginning and its end. Each party does one thing at a
// time.
func (a *act) places(whole trace.Trace) []int {
	var all []int
	own := 0
	for i, x := range whole.Exchanges {
		if !slices.Contains(a.from, x.From) {
			continue
		}
		if own++; own > a.before && own <= a.after {
			all = append(all, i+1)
		}
	}
	return all
}

func (a *act) count(t trace.Trace) int {
	n := 0
	for _, x := range t.Exchanges {
		if slices.Contains(a.from, x.From) {
			n++
		}
	}
	return n
}

// looked remembers a seat that shows no exchange: a log, a clock.
func (w *World) looked(seat fixtures.Seat) {
	for _, s := range w.seats {
		if s == seat {
			return
		}
	}
	w.seats = append(w.seats, seat)
}

// settling is how long a silence is watched after the story's last word.
const settling = 50 * time.Millisecond

// Late is what broke a silence after the story had looked at it, with no act of
// the story in between: a side effect that took its time.
func (w *World) Late() []string {
	silent := slices.DeleteFunc(slices.Clone(w.looks), func(l *look) bool { return !l.counts() || l.seen > 0 || l.after != w.last() })
	if len(silent) == 0 {
		return nil
	}
	time.Sleep(settling)
	var late []string
	for _, e := range w.Whole().Exchanges {
		for _, l := range silent {
			if l.shows(e) {
				late = append(late, fmt.Sprintf("%s was silent when the story looked, and then came\n%s", l.evidence(trace.Trace{}).Of, e))
			}
		}
	}
	return late
}

// Ended is why the story could not be told to its end, for want of something it
// needs first; empty if it was, or if it failed.
func (w *World) Ended() string { return w.missing }

// end ends the story because something it needs first is missing: that is no
// verdict about what it checks.
func (w *World) end(missing string) {
	w.missing = missing
	ginkgo.Fail(missing, 3)
}
