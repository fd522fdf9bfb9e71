package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Schema is the name and version of the form of results.json.
const Schema = "portico-results/1"

// Report is a whole run. Everything that differs between two equal runs stands
// in Run.
type Report struct {
	Schema    string         `json:"schema"`
	Run       Run            `json:"run"`
	Target    string         `json:"target"` // implementation and version
	Profiles  []string       `json:"profiles,omitempty"`
	Features  []string       `json:"features,omitzero"` // claimed; nil: all
	Derived   bool           `json:"derived,omitempty"` // what follows for who stands in the middle counts
	Strict    bool           `json:"strict,omitempty"`  // warnings count
	Set       string         `json:"set,omitempty"`     // of checks that count; empty: all
	Known     []KnownFailure `json:"known,omitempty"`   // that are declared
	Partial   bool           `json:"partial,omitempty"` // it was interrupted
	Counts    Counts         `json:"counts"`            // of requirements
	Summaries []Requirement  `json:"requirements"`
	Results   []Result       `json:"results"`
}

// Run is what differs between two equal runs.
type Run struct {
	Began   time.Time                `json:"began"`
	Took    time.Duration            `json:"took"` // nanoseconds
	Command string                   `json:"command"`
	Program string                   `json:"program"` // portico's version, Go's, the system
	Stories map[string]time.Duration `json:"stories"` // by revision and title, nanoseconds
}

// Counts is how many requirements came to each verdict.
type Counts map[Verdict]int

// Requirement is what a run came to for one requirement: the worst of its
// checks, where a neutral one outweighs nothing.
type Requirement struct {
	ID      string             `json:"id"`
	Verdict Verdict            `json:"verdict"`
	Eras    map[string]Verdict `json:"eras"` // by revision
}

// Sum is what a run came to, requirement by requirement in the order of their
// ids.
func Sum(results []Result) []Requirement {
	all := map[string]*Requirement{}
	for _, r := range results {
		for _, c := range r.Checks {
			q := all[c.ID]
			if q == nil {
				q = &Requirement{ID: c.ID, Verdict: c.Verdict, Eras: map[string]Verdict{}}
				all[c.ID] = q
			}
			q.Verdict = Worst(q.Verdict, c.Verdict)
			if before, told := q.Eras[r.Revision]; told {
				q.Eras[r.Revision] = Worst(before, c.Verdict)
			} else {
				q.Eras[r.Revision] = c.Verdict
			}
		}
	}
	var sum []Requirement
	for _, q := range all {
		sum = append(sum, *q)
	}
	slices.SortFunc(sum, func(a, b Requirement) int { return strings.Compare(a.ID, b.ID) })
	return sum
}

// Count counts requirements by verdict.
func Count(sum []Requirement) Counts {
	counts := Counts{}
	for _, q := range sum {
		counts[q.Verdict]++
	}
	return counts
}

// Exit codes of a run.
const (
	ExitGood        = 0   // every check was met, or is declared
	ExitVerdict     = 1   // a check failed, is fixed, or was not testable
	ExitUsage       = 2   // bad command line or file, or nothing selected
	ExitNotRun      = 3   // the target could not be run
	ExitHarness     = 4   // the harness itself failed
	ExitInterrupted = 130 // the run was stopped; its report is partial
)

// Exit is the exit code of a run: a harness fault outweighs a verdict, since
// what it hides is unknown; nothing judged is never good.
func Exit(results []Result) int {
	code := ExitUsage
	for _, r := range results {
		for _, c := range r.Checks {
			switch {
			case c.Verdict == Error:
				return ExitHarness
			case c.Verdict.Bad():
				code = ExitVerdict
			case code == ExitUsage && c.Verdict.Judged():
				code = ExitGood
			}
		}
	}
	return code
}

// Summary is the counts of a run on one line, the zero ones left out.
func Summary(results []Result) string {
	var took time.Duration
	rules := 0
	for _, r := range results {
		took += r.Took
		if r.Everywhere {
			rules++
		}
	}
	sum := Sum(results)
	parts := []string{fmt.Sprintf("%d stories", len(results)-rules)}
	if rules > 0 {
		parts = append(parts, fmt.Sprintf("%d rules", rules))
	}
	parts = append(parts, fmt.Sprintf("%d requirements:", len(sum)))
	counts := Count(sum)
	for _, v := range slices.Backward(All) {
		if counts[v] > 0 && v != NotApplicable && v != Unobserved {
			parts = append(parts, fmt.Sprintf("%d %s", counts[v], plural[v]))
		}
	}
	for _, v := range []Verdict{Unobserved, NotApplicable} {
		if counts[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[v], plural[v]))
		}
	}
	return strings.Join(parts, "  ") + "  " + seconds(took)
}

var plural = map[Verdict]string{
	Pass: "passed", Fail: "failed", Error: "errors", Unobserved: "unobserved", NotApplicable: "not applicable",
	Warn: "warnings", Known: "known", Fixed: "fixed", NotTestable: "not testable",
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }
