package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // scenarios read as stories
	"github.com/onsi/ginkgo/v2/types"

	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/world"
)

// Revisions are the revisions of the Model Context Protocol that every story
// runs in unless it says otherwise.
var Revisions = []string{"2025-11-25", "2026-07-28"}

// In names the world a story happens in, a file of fixtures/worlds.
type In string

// Only is the one revision a story exists in.
type Only string

// Needs is a feature without which the story cannot be observed.
type Needs target.Feature

// Pictured gives a story's trace a name under which diagrams finds it, in the
// older revision, or in the only one the story exists in.
type Pictured string

// chapters are the chapters of all files.
var chapters []func()

// chapter is some stories about one thing: its place among the others (stories are
// told in the order in which a call meets them), a noun phrase that makes a
// sentence with each of its scenarios, and these. Each file is one.
func chapter(n int, about string, stories func()) bool {
	chapters = append(chapters, func() {
		// Ginkgo sorts by file name and line.
		Describe(about, types.CodeLocation{FileName: "chapter", LineNumber: n}, stories)
	})
	return true
}

// checks are the requirements a story checks.
type checks []string

// Checks names the requirements a story checks, by the ids of
// fixtures/requirements.
func Checks(ids ...string) any { return checks(ids) }

// story is what a Scenario says about itself.
type story struct {
	predicate string
	world     string
	revisions []string
	checks    []string
	needs     []target.Feature
	picture   string
	tell      func(*world.World)
}

// Scenario tells one story about a portal: a predicate that makes a sentence
// with its chapter, the world it happens in, the requirements it
// checks, and a function of that world. The story is told once in each
// revision of the protocol, in a fresh world if the target lives in this
// process, inside a testing/synctest bubble if it has virtual time.
func Scenario(predicate string, about ...any) {
	s := story{predicate: predicate, world: "everyday", revisions: Revisions}
	for _, a := range about {
		switch a := a.(type) {
		case In:
			s.world = string(a)
		case Only:
			s.revisions = []string{string(a)}
		case Needs:
			s.needs = append(s.needs, target.Feature(a))
		case Pictured:
			s.picture = string(a)
		case checks:
			s.checks = a
		case func(*world.World):
			s.tell = a
		default:
			panic(fmt.Sprintf("scenario %q: what is a %T?", predicate, a))
		}
	}
	if s.tell == nil || len(s.checks) == 0 {
		panic(fmt.Sprintf("scenario %q needs a function of a world and the requirements it checks", predicate))
	}
	s.register()
}

func (s story) register() {
	chapter := strings.TrimSpace(strings.Join(CurrentTreeConstructionNodeReport().ContainerHierarchyTexts, " "))
	for i, revision := range s.revisions {
		if !now.selects(chapter+" "+s.predicate, s.checks) {
			continue
		}
		picture := ""
		if i == 0 {
			picture = s.picture
		}
		It(s.predicate, Offset(2), s.labels(revision, picture), func() { s.run(chapter, revision, picture) })
	}
}

// Labels carry what a story says about itself through Ginkgo, as key:value.
const (
	revisionLabel = "revision:"
	worldLabel    = "world:"
	checkLabel    = "check:"
	pictureLabel  = "picture:"
)

func (s story) labels(revision, picture string) Labels {
	l := Labels{revisionLabel + revision, worldLabel + s.world}
	for _, id := range s.checks {
		l = append(l, checkLabel+id)
	}
	if picture != "" {
		l = append(l, pictureLabel+picture)
	}
	return l
}

func labelled(report types.SpecReport, key string) []string {
	var values []string
	for _, l := range report.Labels() {
		if value, ok := strings.CutPrefix(l, key); ok {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return values
}

// run tells the story once.
func (s story) run(chapter, revision, picture string) {
	t := &telling{story: s, chapter: chapter, revision: revision}
	now.telling = t
	if now.interrupted() || now.options.Leave != nil && now.options.Leave(s.checks, revision) {
		t.skipped = true
		Skip("left out")
	}
	if now.options.Begin != nil {
		now.options.Begin(chapter+" "+s.predicate, revision)
	}
	for _, f := range s.needs {
		if !now.target.Has(f) {
			t.unseen = "needs " + string(f)
			Skip(t.unseen)
		}
	}
	if !now.target.Has(target.VirtualTime) {
		t.inWorld(picture)
	} else {
		synctest.Test(now.t, func(*testing.T) {
			defer GinkgoRecover()
			defer time.Sleep(lingering)
			t.inWorld(picture)
		})
	}
	if len(t.failures) > 0 {
		Fail(t.failures[0].Expected + "\n" + t.failures[0].Actual)
	}
}

// lingering is how long a bubble outlives its world: net/http keeps a connection
// whose request it refused for half a second, and no goroutine may be left.
const lingering = time.Second
