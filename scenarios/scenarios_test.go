package scenarios_test

import (
	"slices"
	"testing"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

func TestScenarios(t *testing.T) {
	if err := inprocess.Warm(); err != nil {
		t.Fatal(err)
	}
	results := scenarios.Run(t, inprocess.Memory{}, scenarios.Options{})
	t.Log(verdict.Summary(results))
	if code := verdict.Exit(results); code != verdict.ExitGood {
		t.Errorf("the run is not good: exit %d", code)
	}
	for _, r := range results {
		for _, c := range r.Checks {
			if c.Verdict != verdict.Pass {
				t.Errorf("%s: %s is %s: %s", r.Key(), c.ID, c.Verdict, c.Why)
			}
			standsOnItsSeats(t, r, c.ID)
		}
	}
}

// A story that names a requirement looked from every seat that the requirement's
// evidence is seen from.
func standsOnItsSeats(t *testing.T, r verdict.Result, id string) {
	t.Helper()
	q, err := fixtures.FindRequirement(id)
	if err != nil {
		t.Errorf("%s checks %s: %v", r.Title(), id, err)
		return
	}
	if q.Excluded != "" {
		t.Errorf("%s checks %s, which is excluded: %s", r.Title(), id, q.Excluded)
	}
	looked := verdict.Observed(r.Evidence)
	for _, seat := range q.Seats {
		if !slices.Contains(looked, seat) {
			t.Errorf("%s: %s is seen at %q, and the story looked at %q\n%s", r.Key(), id, seat, looked, q.Says)
		}
	}
}
