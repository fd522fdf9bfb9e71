package verdict_test

import (
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/scenarios/verdict"
)

func TestExit(t *testing.T) {
	cases := map[string]struct {
		verdicts []verdict.Verdict
		want     int
	}{
		"nothing run":                      {nil, verdict.ExitUsage},
		"only what cannot be judged":       {[]verdict.Verdict{verdict.NotApplicable, verdict.Unobserved}, verdict.ExitUsage},
		"all passed":                       {[]verdict.Verdict{verdict.Pass, verdict.NotApplicable}, verdict.ExitGood},
		"one failed":                       {[]verdict.Verdict{verdict.Pass, verdict.Fail, verdict.Pass}, verdict.ExitVerdict},
		"one failed, then one neutral":     {[]verdict.Verdict{verdict.Fail, verdict.Unobserved}, verdict.ExitVerdict},
		"a harness fault beside a failure": {[]verdict.Verdict{verdict.Fail, verdict.Error}, verdict.ExitHarness},
	}
	for name, c := range cases {
		var results []verdict.Result
		for _, v := range c.verdicts {
			results = append(results, verdict.Result{Verdict: v})
		}
		if got := verdict.Exit(results); got != c.want {
			t.Errorf("%s: exit %d, want %d", name, got, c.want)
		}
	}
}

func TestLineShowsWhatEachEndSaw(t *testing.T) {
	var b strings.Builder
	verdict.Line(&b, verdict.Result{
		Chapter: "Calling a tool", Story: "reaches its server", Revision: "2025-11-25",
		Verdict: verdict.Fail, Seen: "alice 9, wiki 1", Detail: "expected 1\ngot 2", Took: 12 * time.Millisecond,
	})
	want := "✗ 2025-11-25  Calling a tool reaches its server  0.01s\n    alice 9, wiki 1\n      expected 1\n      got 2\n"
	if b.String() != want {
		t.Errorf("line:\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestSummaryLeavesZeroesOut(t *testing.T) {
	got := verdict.Summary([]verdict.Result{{Verdict: verdict.Pass}, {Verdict: verdict.Pass}, {Verdict: verdict.Fail}})
	if got != "2 passed  1 failed  0.00s" {
		t.Errorf("summary %q", got)
	}
}
