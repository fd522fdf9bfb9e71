// Package scenarios is the stories a portal is judged by, one chapter per
// file.
//
// It is an ordinary package, so that `go test ./scenarios`, `portico run` and
// another portal's own repository run the same stories: Run takes a
// target.Target, and nothing in a story knows which.
package scenarios

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // scenarios read as stories
	"github.com/onsi/gomega"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Options choose what to run and who is told.
type Options struct {
	// Select keeps the stories that one of the patterns fits: a requirement's
	// id or a glob over ids ("CR-*"), or words of the story's sentence.
	// Empty: all stories.
	Select []string
	// Terms are what the target answers for; nil: what it claims itself, and a
	// target that claims nothing answers for the specification alone.
	Terms *verdict.Terms
	// Context ends the run when it is done: the story that is being told is told
	// to its end, no other begins. nil: nothing does.
	Context context.Context
	// Begin is told of each story before it is told; nil: nobody is.
	Begin func(title, revision string)
	// Report is told each result as it comes; nil: nobody is.
	Report func(verdict.Result)
	// Leave says which stories are left out, by what they check and the revision;
	// nil: none.
	Leave func(checks []string, revision string) bool
	// NoPreflight tells the stories though no canary call was seen to arrive.
	NoPreflight bool
	// Keep is given the named trace of each pictured story that held; nil:
	// traces are dropped.
	Keep func(picture string, t trace.Trace)
}

func (o Options) terms(tg target.Target) verdict.Terms {
	if o.Terms != nil {
		return *o.Terms
	}
	if c, ok := tg.(target.Claimant); ok {
		return c.Claims()
	}
	return verdict.Terms{}
}

// run is the run that is going on. Ginkgo builds one tree of stories per
// process, so there is one.
type run struct {
	t       *testing.T
	target  target.Target
	options Options
	terms   verdict.Terms
	telling *telling
	watched map[string]*everywhere // by revision
	results []verdict.Result
	notRun  error
}

// interrupted says whether the run is to end.
func (r *run) interrupted() bool { return r.options.Context != nil && r.options.Context.Err() != nil }

// keep takes a result and tells who wants to know.
func (r *run) keep(result verdict.Result) {
	r.results = append(r.results, result)
	if r.options.Report != nil {
		r.options.Report(result)
	}
}

var now = &run{}

var _ = Describe("", func() {
	for _, tell := range chapters {
		tell()
	}
	ReportAfterEach(func(r SpecReport) {
		if !now.telling.skipped {
			now.keep(now.judge(r))
		}
	})
})

// Run tells the selected stories to the target inside a test, and returns what
// became of them. Nothing selected is a failure, and so is a target that a first
// call does not get through.
func Run(t *testing.T, tg target.Target, o Options) []verdict.Result {
	now = &run{t: t, target: tg, options: o, terms: o.terms(tg), watched: map[string]*everywhere{}}
	gomega.RegisterFailHandler(func(message string, _ ...int) { now.telling.failed(message) })
	if !o.NoPreflight {
		if err := preflight(t, tg); err != nil {
			now.notRun = err
			t.Error(err)
			return nil
		}
	}
	suite, reporter := GinkgoConfiguration()
	suite.FailOnEmpty = true
	reporter.SilenceSkips = true
	RunSpecs(t, "A portal", suite, reporter)
	now.conclude()
	now.terms.Settle(now.results)
	return now.results
}

// RunAlone is Run for a program that is not a test binary. Errors: [ErrNotRun].
func RunAlone(tg target.Target, o Options) ([]verdict.Result, error) {
	quiet()
	if _, err := withT("scenarios", func(t *testing.T) { Run(t, tg, o) }); err != nil {
		return nil, fmt.Errorf("run scenarios: %w", err)
	}
	return now.results, now.notRun
}

// Story is one story as a list shows it.
type Story struct {
	Title     string // chapter and predicate as one sentence
	World     string
	Revisions []string
	Checks    []string
	Picture   string // the name diagrams knows it by, if it has one
	Source    string // file and line, "scenarios/credentials.go:22"; empty: it is a rule
}

// List is all stories, in the order they are told. It must be called before
// Run, or not at all: Ginkgo builds its tree for good when it runs.
func List() []Story { return list() }

var list = sync.OnceValue(func() []Story {
	quiet()
	now = &run{}
	var all []Story
	for _, r := range PreviewSpecs("A portal").SpecReports {
		if r.LeafNodeType != types.NodeTypeIt {
			continue
		}
		title := strings.TrimSpace(r.FullText())
		if n := len(all); n > 0 && all[n-1].Title == title {
			all[n-1].Revisions = append(all[n-1].Revisions, labelled(r, revisionLabel)...)
			continue
		}
		all = append(all, Story{
			Title: title, World: first(labelled(r, worldLabel)), Revisions: labelled(r, revisionLabel),
			Checks: labelled(r, checkLabel), Picture: first(labelled(r, pictureLabel)),
			Source: fmt.Sprintf("scenarios/%s:%d", path.Base(r.LeafNodeLocation.FileName), r.LeafNodeLocation.LineNumber),
		})
	}
	return all
})

// Matches says whether the pattern selects the story.
func (s Story) Matches(pattern string) bool { return fits(pattern, s.Title, s.Checks) }

func (r *run) selects(title string, checks []string) bool {
	if len(r.options.Select) == 0 {
		return true
	}
	return slices.ContainsFunc(r.options.Select, func(pattern string) bool { return fits(pattern, title, checks) })
}

// fits says whether a pattern is one of the ids, a glob over them, or words of
// the title.
func fits(pattern, title string, ids []string) bool {
	for _, id := range ids {
		if ok, err := path.Match(strings.ToUpper(pattern), strings.ToUpper(id)); err == nil && ok {
			return true
		}
	}
	return strings.Contains(strings.ToLower(title), strings.ToLower(pattern))
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// judge turns Ginkgo's report of a telling into a result.
func (r *run) judge(report SpecReport) verdict.Result {
	t := r.telling
	o := outcome{took: report.RunTime}
	switch {
	case t.fault != "" || t.unseen != "":
	case t.missing != "":
		o.missing = t.missing
	case report.State == types.SpecStatePanicked && len(t.failures) == 0:
		t.fault = report.Failure.Message + " " + report.Failure.ForwardedPanic + "\n" + report.Failure.Location.String()
	case t.world != nil && t.world.Ended() != "":
		o.missing = t.world.Ended()
	case report.Failed() && len(t.failures) == 0:
		t.failed(report.Failure.Message + "\n" + report.Failure.Location.String())
	}
	return t.result(r.terms, o)
}
