package verdict_test

import (
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

func results(verdicts ...verdict.Verdict) []verdict.Result {
	var all []verdict.Result
	for _, v := range verdicts {
		all = append(all, verdict.Result{Verdict: v, Checks: []verdict.Check{{ID: "NS-01", Verdict: v}}})
	}
	return all
}

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
		"one not testable":                 {[]verdict.Verdict{verdict.Pass, verdict.NotTestable}, verdict.ExitVerdict},
		"a declared failure":               {[]verdict.Verdict{verdict.Pass, verdict.Known}, verdict.ExitGood},
		"a declared failure that passes":   {[]verdict.Verdict{verdict.Pass, verdict.Fixed}, verdict.ExitVerdict},
		"a warning":                        {[]verdict.Verdict{verdict.Warn}, verdict.ExitGood},
		"a harness fault beside a failure": {[]verdict.Verdict{verdict.Fail, verdict.Error}, verdict.ExitHarness},
	}
	for name, c := range cases {
		if got := verdict.Exit(results(c.verdicts...)); got != c.want {
			t.Errorf("%s: exit %d, want %d", name, got, c.want)
		}
	}
}

// What a stranger answers for: the specification, and what it claims.
func TestTermsDecideWhoFails(t *testing.T) {
	broken := verdict.Outcome{Failures: []verdict.Failure{{Expected: "1", Actual: "2"}}}
	held := verdict.Outcome{}
	row := func(a fixtures.Authority, l fixtures.Level, features ...string) fixtures.Requirement {
		return fixtures.Requirement{ID: "X-01", Authority: a, Level: l, Features: features}
	}
	everything := verdict.Terms{Everything: true, Derived: true, Profiles: []string{"cloudflare"}}
	cases := map[string]struct {
		terms   verdict.Terms
		row     fixtures.Requirement
		outcome verdict.Outcome
		want    verdict.Verdict
	}{
		"a stranger fails by the specification":          {verdict.Terms{}, row(fixtures.Spec, fixtures.Must), broken, verdict.Fail},
		"a should warns":                                 {verdict.Terms{}, row(fixtures.Spec, fixtures.Should), broken, verdict.Warn},
		"a should fails strictly":                        {verdict.Terms{Strict: true}, row(fixtures.Spec, fixtures.Should), broken, verdict.Fail},
		"an option warns, strictly too":                  {verdict.Terms{Strict: true}, row(fixtures.Spec, fixtures.May), broken, verdict.Warn},
		"what is derived warns a stranger":               {verdict.Terms{}, row(fixtures.Derived, fixtures.Must), broken, verdict.Warn},
		"what is derived fails who claims it":            {everything, row(fixtures.Derived, fixtures.Must), broken, verdict.Fail},
		"a product is no stranger's":                     {verdict.Terms{}, row(fixtures.Cloudflare, fixtures.Must), broken, verdict.NotApplicable},
		"a product fails who claims its profile":         {everything, row(fixtures.Cloudflare, fixtures.Must), broken, verdict.Fail},
		"a feature that is not claimed":                  {verdict.Terms{}, row(fixtures.Spec, fixtures.Must, "gateway"), broken, verdict.NotApplicable},
		"a feature that is claimed":                      {verdict.Terms{Features: []string{"gateway"}}, row(fixtures.Spec, fixtures.Must, "gateway"), broken, verdict.Fail},
		"a check outside the set is provisional":         {verdict.Terms{Set: []string{"Y-01"}}, row(fixtures.Spec, fixtures.Must), broken, verdict.Warn},
		"a check in the set counts":                      {verdict.Terms{Set: []string{"X-01"}}, row(fixtures.Spec, fixtures.Must), broken, verdict.Fail},
		"what held":                                      {verdict.Terms{}, row(fixtures.Spec, fixtures.Must), held, verdict.Pass},
		"nothing observed of the target is no pass":      {everything, row(fixtures.Spec, fixtures.Must), verdict.Outcome{Nothing: true}, verdict.NotTestable},
		"a missing prerequisite is not testable":         {everything, row(fixtures.Spec, fixtures.Must), verdict.Outcome{Missing: "no session"}, verdict.NotTestable},
		"a blind seat is neutral":                        {everything, row(fixtures.Spec, fixtures.Must), verdict.Outcome{Unobserved: "needs hours"}, verdict.Unobserved},
		"a fault of the harness outweighs what it broke": {everything, row(fixtures.Spec, fixtures.Must), verdict.Outcome{Fault: "panic", Failures: broken.Failures}, verdict.Error},
		"a declared failure": {verdict.Terms{Known: []verdict.KnownFailure{{Check: "X-*", Verdict: verdict.Fail, Reason: "why"}}},
			row(fixtures.Spec, fixtures.Must), broken, verdict.Known},
		"a declared failure that may pass": {verdict.Terms{Known: []verdict.KnownFailure{{Check: "X-01", Verdict: verdict.Fail, Reason: "why", Flaky: true}}},
			row(fixtures.Spec, fixtures.Must), held, verdict.Pass},
		"a declared failure whose time is over": {verdict.Terms{Known: []verdict.KnownFailure{{Check: "X-01", Verdict: verdict.Fail, Reason: "why", Until: "2020-01-01"}}},
			row(fixtures.Spec, fixtures.Must), broken, verdict.Fail},
		"a declaration of another revision": {verdict.Terms{Known: []verdict.KnownFailure{{Check: "X-01", Revision: "2025-11-25", Verdict: verdict.Fail, Reason: "why"}}},
			row(fixtures.Spec, fixtures.Must), broken, verdict.Fail},
	}
	for name, c := range cases {
		if got := c.terms.Judge(c.row, "2026-07-28", c.outcome); got.Verdict != c.want {
			t.Errorf("%s: %s (%s), want %s", name, got.Verdict, got.Why, c.want)
		}
	}
}

// A declaration is stale when its check fails nowhere any more.
func TestSettleFindsWhatIsFixed(t *testing.T) {
	declared := func(flaky bool) verdict.Terms {
		return verdict.Terms{Known: []verdict.KnownFailure{{Check: "NS-0?", Verdict: verdict.Fail, Reason: "why", Flaky: flaky}}}
	}
	for name, c := range map[string]struct {
		terms   verdict.Terms
		results []verdict.Result
		want    verdict.Verdict
	}{
		"it fails nowhere":       {declared(false), results(verdict.Pass, verdict.Pass), verdict.Fixed},
		"it fails somewhere":     {declared(false), results(verdict.Pass, verdict.Known), verdict.Pass},
		"it may pass":            {declared(true), results(verdict.Pass, verdict.Pass), verdict.Pass},
		"nothing was declared":   {verdict.Terms{}, results(verdict.Pass), verdict.Pass},
		"it was not seen at all": {declared(false), results(verdict.Unobserved), verdict.Unobserved},
	} {
		c.terms.Settle(c.results)
		if got := c.results[0].Checks[0].Verdict; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A failed check says what a reader needs to act on it.
func TestLineExplainsAFailure(t *testing.T) {
	var b strings.Builder
	verdict.Line(&b, verdict.Result{
		Chapter: "A session", Story: "offers every server's tools", Revision: "2025-11-25", Verdict: verdict.Fail,
		Seen: "alice sent 9 · wiki heard 1", Took: 12 * time.Millisecond,
		Checks: []verdict.Check{{ID: "NS-01", Level: "must", Verdict: verdict.Fail, Failures: []verdict.Failure{{
			Expected: "wiki_search", Actual: "search\x1b[31m", Sent: "alice -> access  POST /mcp tools/list  200", Where: "scenarios/sessions.go:23",
		}}}, {ID: "CD-01", Verdict: verdict.Pass}},
	})
	got := b.String()
	for _, want := range []string{
		"✗ 2025-11-25  A session offers every server's tools  0.01s\n    alice sent 9 · wiki heard 1\n",
		"    ✗ NS-01  must  fail\n", "requirement  ", "source       ", "https://",
		"expected     wiki_search\n", `actual       search\u001b[31m` + "\n", "sent         alice -> access", "see          scenarios/sessions.go:23", "again        portico run NS-01\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "CD-01") {
		t.Errorf("a check that passed is explained:\n%s", got)
	}
}

// The summary counts requirements, each by the worst of its checks.
func TestSummaryCountsRequirements(t *testing.T) {
	all := results(verdict.Pass, verdict.Fail)
	all[0].Checks = append(all[0].Checks, verdict.Check{ID: "CD-01", Verdict: verdict.Pass}, verdict.Check{ID: "CD-02", Verdict: verdict.Unobserved})
	if got, want := verdict.Summary(all), "2 stories  3 requirements:  1 passed  1 failed  1 unobserved  0.00s"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}
