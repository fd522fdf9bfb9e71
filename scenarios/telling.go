package scenarios

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // scenarios read as stories

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

// telling is one story in one revision, while it is told.
type telling struct {
	story    story
	chapter  string
	revision string
	world    *world.World
	failures []verdict.Failure
	skipped  bool   // the run ended before it
	unseen   string // the ability that our seat lacks
	fault    string // of the harness
	missing  string // what was needed first and is not there
	seen     string
	named    func(string) string // gives names to secrets; nil: nothing was seen
	trace    trace.Trace
	evidence []verdict.Evidence
}

// failed takes an expectation that did not hold. The story goes on: what else
// it expects may speak for other requirements. It stands in for Ginkgo's Fail.
func (t *telling) failed(message string) {
	f := verdict.Failure{Where: where()}
	if first, rest, found := strings.Cut(message, "\n"); found && t.story.are(strings.Fields(first)) {
		f.Checks, message = strings.Fields(first), rest
	}
	f.Expected, f.Actual = halves(message)
	if t.world != nil {
		f.Sent = lastSent(t.world.Whole())
	}
	t.failures = append(t.failures, f)
}

// are says whether the words are requirements of the story, and nothing else.
func (s story) are(words []string) bool {
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(s.checks, w) })
}

// halves are what was expected and what came, out of the message of a matcher of
// ours or of gomega's.
func halves(message string) (expected, actual string) {
	if ours, found := strings.CutPrefix(message, "expected "); found {
		expected, actual, _ = strings.Cut(ours, "\nseen:\n")
		return expected, actual
	}
	theirs, found := strings.CutPrefix(message, "Expected\n")
	if !found {
		return message, ""
	}
	for _, verb := range []string{"\nnot to ", "\nto "} {
		if before, after, found := strings.Cut(theirs, verb); found {
			return verb[1:] + after, strings.TrimSpace(before)
		}
	}
	return message, ""
}

// where is the file and line of the expectation: the innermost line of a story.
func where() string {
	calls := make([]uintptr, 64)
	frames := runtime.CallersFrames(calls[:runtime.Callers(2, calls)])
	for {
		f, more := frames.Next()
		if dir, file := path.Split(f.File); strings.HasSuffix(dir, "/scenarios/") && !machinery[file] {
			return fmt.Sprintf("scenarios/%s:%d", file, f.Line)
		}
		if !more {
			return ""
		}
	}
}

// machinery are the files of this package in which no story stands.
var machinery = map[string]bool{"telling.go": true, "scenario.go": true, "scenarios.go": true}

// lastSent is the last request of a client or a browser.
func lastSent(t trace.Trace) string {
	for _, e := range slices.Backward(t.Exchanges) {
		if role := t.Role(e.From); role == trace.Client || role == trace.Browser {
			return e.String()
		}
	}
	return ""
}

// result is what became of the telling, on the terms of the target.
func (t *telling) result(terms verdict.Terms, state outcome) verdict.Result {
	r := verdict.Result{
		Chapter: t.chapter, Story: t.story.predicate, World: t.story.world, Revision: t.revision,
		Evidence: t.evidence, Seen: t.seen, Trace: t.trace, Took: state.took,
	}
	nothing := !tookPart(t.trace)
	var all []verdict.Verdict
	for _, id := range t.story.checks {
		if t.named != nil {
			state.missing = t.named(state.missing)
		}
		o := verdict.Outcome{Missing: state.missing, Unobserved: t.unseen, Nothing: nothing, Fault: t.fault}
		for _, f := range t.failures {
			if f.Speaks(id) {
				o.Failures = append(o.Failures, f)
			}
		}
		if o.Fault == "" && o.Missing == "" && len(o.Failures) == 0 && o.Unobserved == "" {
			o.Fault = unwatched(t.evidence)
		}
		c := terms.Judge(requirement(id), t.revision, o)
		r.Checks, all = append(r.Checks, c), append(all, c.Verdict)
	}
	r.Verdict = verdict.Worst(all...)
	return r
}

// outcome is how Ginkgo saw a telling end.
type outcome struct {
	took    time.Duration
	missing string
}

// requirement is the row of an id; one without a row binds as a must that
// follows for who stands in the middle.
func requirement(id string) fixtures.Requirement {
	if r, err := fixtures.FindRequirement(id); err == nil {
		return r
	}
	return fixtures.Requirement{ID: id, Level: fixtures.Must, Authority: fixtures.Derived}
}

// tookPart says whether the target answered anything, or asked somebody.
func tookPart(t trace.Trace) bool {
	target := func(p trace.Party) bool {
		return t.Role(p) == trace.Access || t.Role(p) == trace.Portal || t.Role(p) == trace.Admin
	}
	return slices.ContainsFunc(t.Exchanges, func(e trace.Exchange) bool { return target(e.From) || target(e.To) && e.Response != nil })
}

// unwatched is why a refusal in the evidence stands on one leg: nobody looked at
// where a side effect would have shown. Empty if somebody did, or if nothing
// was refused.
func unwatched(evidence []verdict.Evidence) string {
	refused := ""
	for _, e := range evidence {
		if e.Refused {
			refused = e.Of
			continue
		}
		if slices.ContainsFunc(e.Seats, func(s fixtures.Seat) bool { return slices.Contains(verdict.Far, s) }) {
			return ""
		}
	}
	if refused == "" {
		return ""
	}
	return fmt.Sprintf("%s and is refused, and the story looked at no far side: a refusal needs its silence", refused)
}

// inWorld tells the story in a world of its own.
func (t *telling) inWorld(picture string) {
	place, err := fixtures.LoadWorld(t.story.world)
	if err != nil {
		t.harness(err)
	}
	w, err := world.Open(now.target, place, t.revision)
	if err != nil {
		t.missing = fmt.Sprintf("the portal does not stand in the world %q: %v", t.story.world, err)
		Fail(t.missing)
	}
	t.world = w
	defer w.Close()
	defer t.witness(picture)
	t.story.tell(w)
}

// witness keeps what was seen, whether the story held or not.
func (t *telling) witness(picture string) {
	whole := t.world.Whole()
	t.seen, t.evidence = t.world.Seen(), t.world.Evidence(whole)
	whole.Scenario, whole.Portal, whole.Revision = CurrentSpecReport().FullText(), now.target.Name(), t.revision
	for _, late := range t.world.Late() {
		t.failures = append(t.failures, verdict.Failure{Expected: "to stay silent", Actual: late})
	}
	n := trace.NewNamer(trace.Numbers)
	t.trace = n.Trace(whole)
	now.everywhere(t.revision).watch(strings.TrimSpace(whole.Scenario), whole, t.trace, t.evidence)
	t.plain(n.Text)
	if picture != "" && now.options.Keep != nil && len(t.failures) == 0 && !CurrentSpecReport().Failed() {
		now.options.Keep(picture, t.trace)
	}
}

// plain gives names to secrets in everything that is said of the telling.
func (t *telling) plain(named func(string) string) {
	for i, f := range t.failures {
		t.failures[i].Expected, t.failures[i].Actual, t.failures[i].Sent = named(f.Expected), named(f.Actual), named(f.Sent)
	}
	for i, e := range t.evidence {
		t.evidence[i].Of, t.evidence[i].Watched = named(e.Of), named(e.Watched)
	}
	t.seen, t.named = named(t.seen), named
}

// harness ends a story that could not be told; it is not the portal's fault,
// and the report says so.
func (t *telling) harness(err error) {
	t.fault = err.Error()
	Fail(err.Error(), 2)
}
