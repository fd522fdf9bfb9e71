package scenarios_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/target/process"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

func TestScenarios(t *testing.T) {
	if err := inprocess.Warm(); err != nil {
		t.Fatal(err)
	}
	_, words, selected := strings.Cut(flag.Lookup("test.run").Value.String(), "/")
	portal, outside := outsider(t)
	var o scenarios.Options
	if selected {
		o.Select = []string{words}
	}
	results := scenarios.Run(t, portal, o)
	if selected || outside {
		judged(t, results)
		return
	}
	looked := map[string][]fixtures.Seat{}
	for _, r := range results {
		for _, c := range r.Checks {
			if c.Verdict != verdict.Pass {
				t.Errorf("%s: %s is %s: %s", r.Key(), c.ID, c.Verdict, c.Why)
			}
			looked[c.ID] = append(looked[c.ID], verdict.Observed(r.Evidence)...)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(looked)) {
		standsOnItsSeats(t, id, looked[id])
	}
}

// outsider is the portal under test: the reference in this process, or, if a
// program of portico is named, the town that it stands up.
func outsider(t *testing.T) (portal target.Target, outside bool) {
	program := os.Getenv("PORTICO_PROGRAM")
	if program == "" {
		return inprocess.Memory{}, false
	}
	// Go would show a result that it kept, whatever became of the portal: one
	// that read a file which is written in its last two seconds is not kept.
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	write := func() {
		if err := os.WriteFile(stamp, []byte(time.Now().String()), 0o644); err != nil {
			t.Error(err)
		}
	}
	write()
	t.Cleanup(write) // registered first, it comes last
	if _, err := os.ReadFile(stamp); err != nil {
		t.Fatal(err)
	}
	up := &process.Target{Launch: process.Program(program, os.Stderr)}
	t.Cleanup(func() { _ = up.Close() })
	return up, true
}

const stamp = "testdata/outside.stamp"

// judged fails the test if the run is not good.
func judged(t *testing.T, results []verdict.Result) {
	t.Helper()
	if len(results) == 0 {
		t.Fatal("no story matches; portico list shows them all, by their requirements and their words")
	}
	if code := verdict.Exit(results); code != verdict.ExitGood {
		t.Errorf("the run is not good: exit %d", code)
	}
}

// The stories that name a requirement looked from every seat that its evidence is
// seen from.
func standsOnItsSeats(t *testing.T, id string, looked []fixtures.Seat) {
	t.Helper()
	q, err := fixtures.FindRequirement(id)
	if err != nil {
		t.Error(err)
		return
	}
	if q.Excluded != "" {
		t.Errorf("%s is checked, and excluded: %s", id, q.Excluded)
	}
	for _, seat := range q.Seats {
		if !slices.Contains(looked, seat) {
			t.Errorf("%s is seen at %q, where no story that checks it looked\n%s", id, seat, q.Says)
		}
	}
}
