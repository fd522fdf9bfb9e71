// Package verdict is what can be said of a story that was run against a
// target, and what a whole run comes to.
package verdict

import (
	"cmp"
	"slices"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Verdict is the judgement of one check, or the worst of many.
type Verdict string

// The verdicts, the worst first.
const (
	Error         Verdict = "error"          // the harness failed: nothing is known
	Fail          Verdict = "fail"           // a must is broken
	Fixed         Verdict = "fixed"          // declared as a known failure, and passes
	NotTestable   Verdict = "not testable"   // claimed, and what the check needs first is missing
	Known         Verdict = "known"          // fails, and is declared with a reason
	Warn          Verdict = "warn"           // a should is broken, or what this target need not answer for
	Pass          Verdict = "pass"           // held, on evidence
	Unobserved    Verdict = "unobserved"     // claimed, but our seat cannot see it
	NotApplicable Verdict = "not applicable" // the target does not claim what the check needs
)

// All is every verdict, the worst first.
var All = []Verdict{Error, Fail, Fixed, NotTestable, Known, Warn, Pass, Unobserved, NotApplicable}

var marks = map[Verdict]string{
	Error: "!", Fail: "✗", Fixed: "✗", NotTestable: "✗", Known: "~", Warn: "!", Pass: "✓", Unobserved: "?", NotApplicable: "–",
}

// Mark is the sign that stands before the verdict in a list.
func (v Verdict) Mark() string { return marks[v] }

// Bad says whether the verdict alone ends a run with an exit code other than 0.
func (v Verdict) Bad() bool { return v == Error || v == Fail || v == Fixed || v == NotTestable }

// Judged says whether something was seen and judged: neither neutral nor lost.
func (v Verdict) Judged() bool { return v != "" && v != Error && v != Unobserved && v != NotApplicable }

// worse orders verdicts, the worst first.
func worse(a, b Verdict) int { return cmp.Compare(slices.Index(All, a), slices.Index(All, b)) }

// Worst is the worst of the verdicts; empty if there is none.
func Worst(all ...Verdict) Verdict {
	if len(all) == 0 {
		return ""
	}
	return slices.MinFunc(all, worse)
}

// Result is what became of one story in one revision of the protocol.
type Result struct {
	Chapter  string     `json:"chapter"` // "Calling a tool"
	Story    string     `json:"story"`   // "reaches the one upstream that owns the tool"
	World    string     `json:"world"`
	Revision string     `json:"revision"`
	Verdict  Verdict    `json:"verdict"` // the worst of its checks
	Checks   []Check    `json:"checks"`
	Evidence []Evidence `json:"evidence,omitempty"`
	Seen     string     `json:"seen,omitempty"` // what each end saw, on one line

	// Everywhere marks a rule that every story keeps, and that is no story.
	Everywhere bool `json:"everywhere,omitempty"`

	// Trace is what was seen, with names for secrets; Took is how long it took.
	// Both stand elsewhere in a report.
	Trace trace.Trace   `json:"-"`
	Took  time.Duration `json:"-"`
}

// Title is chapter and story as one sentence.
func (r Result) Title() string {
	if r.Everywhere {
		return r.Chapter + ": " + r.Story
	}
	return r.Chapter + " " + r.Story
}

// Key tells the result from every other of a run.
func (r Result) Key() string { return r.Revision + " " + r.Title() }

// Check is one requirement, as one story checked it.
type Check struct {
	ID       string    `json:"id"`
	Level    string    `json:"level"`
	Verdict  Verdict   `json:"verdict"`
	Why      string    `json:"why,omitempty"` // for everything but a pass, one line
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is an expectation that did not hold.
type Failure struct {
	Checks   []string `json:"checks,omitempty"` // that it speaks for; nil: for every check of its story
	Expected string   `json:"expected"`
	Actual   string   `json:"actual,omitempty"`
	Sent     string   `json:"sent,omitempty"`  // the last request before it
	Where    string   `json:"where,omitempty"` // file:line of the expectation
}

// Speaks says whether the failure is one of the check.
func (f Failure) Speaks(id string) bool { return len(f.Checks) == 0 || slices.Contains(f.Checks, id) }

// Evidence is one look at the town: from where, at what, and the exchanges it
// stands on, or the silence in their place.
type Evidence struct {
	Seats     []fixtures.Seat `json:"seats"`
	Of        string          `json:"of"`                  // "into wiki", "alice calls wiki_search"
	Exchanges []int           `json:"exchanges,omitempty"` // places in the story's trace, from 1
	Refused   bool            `json:"refused,omitempty"`   // an act that the target refused
	Silent    bool            `json:"silent,omitempty"`    // nothing was there
	Watched   string          `json:"watched,omitempty"`   // of a silence: between which exchanges, and how long after
}

// Far are the seats on whose silence a refusal stands: where a side effect
// would have shown.
var Far = []fixtures.Seat{
	fixtures.AtUpstream, fixtures.AtIdentityProvider, fixtures.AtAuthorizationServer, fixtures.AtGateway, fixtures.AtTrap, fixtures.AtAccess,
}

// Observed is the seats that a story looked from.
func Observed(all []Evidence) []fixtures.Seat {
	var seats []fixtures.Seat
	for _, e := range all {
		for _, s := range e.Seats {
			if !slices.Contains(seats, s) {
				seats = append(seats, s)
			}
		}
	}
	slices.Sort(seats)
	return seats
}
