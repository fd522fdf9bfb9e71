package scenarios

import (
	"fmt"
	"slices"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/invariant"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Everywhere is the chapter of the invariants: what no story acts for, and every
// story keeps.
const Everywhere = "Everywhere"

// onTheWire are the seats from which a rule over traces can see: it reads no log
// and no clock.
var onTheWire = map[fixtures.Seat]bool{
	fixtures.AtClient: true, fixtures.AtBrowser: true, fixtures.AtAccess: true, fixtures.AtIdentityProvider: true,
	fixtures.AtUpstream: true, fixtures.AtAuthorizationServer: true, fixtures.AtGateway: true,
}

// everywhere is what the invariants saw in the stories of one revision.
type everywhere struct {
	stories int
	saw     map[string]int // exchanges, by rule
	broken  map[string][]verdict.Failure
	first   map[string]trace.Trace // of the first story that broke a rule, with names for secrets
	seats   []fixtures.Seat
}

// watch judges what a story saw; named is the same with names for secrets.
func (e *everywhere) watch(story string, t, named trace.Trace, evidence []verdict.Evidence) {
	e.stories++
	for _, seat := range verdict.Observed(evidence) {
		if onTheWire[seat] && !slices.Contains(e.seats, seat) {
			e.seats = append(e.seats, seat)
		}
	}
	for _, r := range invariant.Examine(t) {
		e.saw[r.Rule.ID] += r.Saw
		if len(r.Findings) > 0 && len(e.broken[r.Rule.ID]) == 0 {
			e.first[r.Rule.ID] = named
		}
		for _, f := range r.Findings {
			e.broken[r.Rule.ID] = append(e.broken[r.Rule.ID], verdict.Failure{
				Expected: r.Rule.Says, Actual: f.Says, Sent: named.Exchanges[f.Exchange].String(), Where: story,
			})
		}
	}
}

// mostFailures is how many broken places of one rule a report shows.
const mostFailures = 5

// results are a result for each rule, as if it were a story; elsewhere says
// whether a rule saw something in another revision.
func (e *everywhere) results(revision string, terms verdict.Terms, elsewhere func(rule string) bool) []verdict.Result {
	slices.Sort(e.seats)
	var all []verdict.Result
	for _, r := range invariant.Rules() {
		if e.saw[r.ID] == 0 && elsewhere(r.ID) {
			continue // it speaks of what only the other revision has
		}
		failures := e.broken[r.ID]
		o := verdict.Outcome{Failures: failures[:min(len(failures), mostFailures)]}
		if e.saw[r.ID] == 0 {
			o.Unobserved = "no exchange was there to judge"
		}
		seen := fmt.Sprintf("%d exchanges judged in %d stories, %d wrong", e.saw[r.ID], e.stories, len(failures))
		result := verdict.Result{
			Chapter: Everywhere, Story: r.Says, Revision: revision, Seen: seen, Everywhere: true, Trace: e.first[r.ID],
			Evidence: []verdict.Evidence{{Seats: slices.Clone(e.seats), Of: seen}},
		}
		var worst []verdict.Verdict
		for _, id := range r.Requirements {
			q := requirement(id)
			if len(q.Eras) > 0 && !slices.Contains(q.Eras, revision) {
				continue
			}
			c := terms.Judge(q, revision, o)
			result.Checks, worst = append(result.Checks, c), append(worst, c.Verdict)
		}
		if result.Verdict = verdict.Worst(worst...); len(worst) > 0 {
			all = append(all, result)
		}
	}
	return all
}

// everywhere is what the invariants saw in a revision so far.
func (r *run) everywhere(revision string) *everywhere {
	e := r.watched[revision]
	if e == nil {
		e = &everywhere{saw: map[string]int{}, broken: map[string][]verdict.Failure{}, first: map[string]trace.Trace{}}
		r.watched[revision] = e
	}
	return e
}

// conclude adds what the invariants come to. Of a selection of stories only
// those are told that were selected too, or are broken.
func (r *run) conclude() {
	for _, revision := range Revisions {
		e := r.watched[revision]
		if e == nil {
			continue
		}
		elsewhere := func(rule string) bool {
			return slices.ContainsFunc(Revisions, func(other string) bool { return r.everywhere(other).saw[rule] > 0 })
		}
		for _, result := range e.results(revision, r.terms, elsewhere) {
			var ids []string
			for _, c := range result.Checks {
				ids = append(ids, c.ID)
			}
			if r.selects(result.Title(), ids) || result.Verdict.Bad() {
				r.keep(result)
			}
		}
	}
}
