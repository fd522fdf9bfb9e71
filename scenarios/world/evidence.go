package world

import (
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
	began   time.Duration
	ended   time.Duration
	refused bool
}

// acts remembers something that is done now; the returned function ends it.
func (w *World) acts(of string, from []trace.Party, seats ...fixtures.Seat) (ended func(refused bool)) {
	a := &act{of: of, from: from, seats: seats, began: w.town.Since()}
	w.done = append(w.done, a)
	return func(refused bool) { a.ended, a.refused = w.town.Since(), refused }
}

// acted is when the last act began.
func (w *World) acted() time.Duration {
	if len(w.done) == 0 {
		return 0
	}
	return w.done[len(w.done)-1].began
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
	e := verdict.Evidence{Seats: a.seats, Of: a.of, Refused: a.refused}
	for i, x := range whole.Exchanges {
		if x.After >= a.began && x.After <= a.ended && a.by(x.From) {
			e.Exchanges = append(e.Exchanges, i+1)
		}
	}
	return e
}

func (a *act) by(p trace.Party) bool {
	for _, from := range a.from {
		if from == p {
			return true
		}
	}
	return false
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

// Ended is why the story could not be told to its end, for want of something it
// needs first; empty if it was, or if it failed.
func (w *World) Ended() string { return w.missing }

// end ends the story because something it needs first is missing: that is no
// verdict about what it checks.
func (w *World) end(missing string) {
	w.missing = missing
	ginkgo.Fail(missing, 3)
}
