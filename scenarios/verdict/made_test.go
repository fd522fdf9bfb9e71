package verdict_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/scenarios/verdict"
)

func TestMadeFillsAReport(t *testing.T) {
	told := []verdict.Result{
		{Chapter: "  A session", Story: "ends", Revision: "2025-11-25", Verdict: verdict.Fail, Took: time.Second, Checks: []verdict.Check{{ID: "SE-01", Verdict: verdict.Fail}}},
		{Chapter: "  A session", Story: "ends", Revision: "2026-07-28", Verdict: verdict.Pass, Took: 2 * time.Second, Checks: []verdict.Check{{ID: "SE-01", Verdict: verdict.Pass}}},
	}
	terms := verdict.Terms{Strict: true, Set: []string{"SE-01", "SE-02"}, Known: []verdict.KnownFailure{{Check: "NS-*", Reason: "why"}}}
	got := verdict.Made("acme 1.0", terms, told, verdict.Run{Command: "portico run"}, true)
	want := verdict.Report{
		Schema: verdict.Schema, Target: "acme 1.0", Partial: true, Strict: true, Set: "2 checks", Features: []string{}, Known: terms.Known,
		Run: verdict.Run{Command: "portico run", Took: 3 * time.Second, Stories: map[string]time.Duration{
			"2025-11-25 A session ends": time.Second, "2026-07-28 A session ends": 2 * time.Second,
		}},
		Counts:    verdict.Counts{verdict.Fail: 1},
		Summaries: verdict.Sum(told),
	}
	if told[0].Chapter != "  A session" {
		t.Error("the results that were handed over were changed")
	}
	for _, r := range told {
		r.Chapter = "A session"
		want.Results = append(want.Results, r)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Who claims everything and who claims nothing are told apart in the file too.
func TestNothingClaimedIsNotEverything(t *testing.T) {
	for everything, want := range map[bool]bool{true: false, false: true} {
		b, err := json.Marshal(verdict.Made("acme", verdict.Terms{Everything: everything}, nil, verdict.Run{}, false))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(b), `"features":[]`); got != want {
			t.Errorf("everything is claimed: %t, the empty list stands there: %t\n%s", everything, got, b)
		}
	}
}
