package scenarios_test

import (
	"maps"
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
