package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
)

// Terms are what a target answers for: a stranger for the specification alone,
// who claims more for more.
type Terms struct {
	// Features are what the target claims to do (fixtures/features.yaml); nil:
	// nothing, so that only what concerns every portal applies.
	Features []string
	// Everything makes the target claim every feature.
	Everything bool
	// Derived makes it answer for what follows for who stands in the middle,
	// though no specification says so; else that warns.
	Derived bool
	// Profiles are the products whose documented behaviour it claims
	// ("cloudflare"); what only others document does not apply.
	Profiles []string
	// Set are the checks of the release it is judged by; a check outside is
	// provisional and warns. Nil: all count.
	Set []string
	// Known are the failures that are declared.
	Known []KnownFailure
	// Strict makes warnings count.
	Strict bool
}

// Outcome is what a story saw of a check, before the terms of the target are
// applied.
type Outcome struct {
	Failures   []Failure
	Missing    string // what the story needed first and did not get; empty: nothing
	Unobserved string // why our seat cannot see it; empty: it can
	Nothing    bool   // the target took part in no exchange
	Fault      string // of the harness; empty: none
}

// Judge is the check of a requirement on these terms.
func (t Terms) Judge(r fixtures.Requirement, revision string, o Outcome) Check {
	c := Check{ID: r.ID, Level: string(r.Level), Failures: o.Failures}
	c.Verdict, c.Why = t.raw(r, o)
	if c.Verdict == Fail {
		c.Verdict, c.Why = t.weigh(r)
	}
	return t.known(c, revision)
}

// raw is the verdict by what was seen alone.
func (t Terms) raw(r fixtures.Requirement, o Outcome) (Verdict, string) {
	missing := t.unclaimed(r)
	switch {
	case o.Fault != "":
		return Error, o.Fault
	case missing != "":
		return NotApplicable, missing
	case o.Unobserved != "":
		return Unobserved, o.Unobserved
	case len(o.Failures) > 0:
		return Fail, ""
	case o.Missing != "":
		return NotTestable, o.Missing
	case o.Nothing:
		return NotTestable, "nothing was observed of the target: it took part in no exchange"
	default:
		return Pass, ""
	}
}

// unclaimed is why a requirement does not concern the target; empty if it does.
func (t Terms) unclaimed(r fixtures.Requirement) string {
	if profile := r.Authority.Profile(); profile != "" && !slices.Contains(t.Profiles, profile) {
		return "profile " + profile + " is not claimed"
	}
	if t.Everything {
		return ""
	}
	for _, f := range r.Features {
		if !slices.Contains(t.Features, f) {
			return "feature " + f + " is not claimed"
		}
	}
	return ""
}

// weigh is what a broken requirement means for this target.
func (t Terms) weigh(r fixtures.Requirement) (Verdict, string) {
	weak := Warn
	if t.Strict {
		weak = Fail
	}
	switch {
	case r.Level == fixtures.May:
		return Warn, "optional"
	case t.Set != nil && !slices.Contains(t.Set, r.ID):
		return weak, "provisional: not in the set of this release"
	case r.Level == fixtures.Should:
		return weak, "a should is broken"
	case r.Authority == fixtures.Derived && !t.Derived:
		return weak, "no specification says so: it follows for who stands in the middle"
	default:
		return Fail, ""
	}
}

// known applies the declared failures.
func (t Terms) known(c Check, revision string) Check {
	for _, k := range t.Known {
		if !k.Fits(c.ID, revision) {
			continue
		}
		switch {
		case k.overdue():
			c.Why = strings.TrimSpace(fmt.Sprintf("%s (declared until %s, which is over)", c.Why, k.Until))
		case c.Verdict == k.Verdict:
			c.Verdict, c.Why = Known, k.Reason
		}
		return c
	}
	return c
}

// Settle says of a whole run which declared failures did not fail anywhere: their
// checks are fixed, which is no good news of a file that says otherwise.
func (t Terms) Settle(results []Result) {
	for _, k := range t.Known {
		if k.Flaky || k.overdue() {
			continue
		}
		var fits []*Check
		still := false
		for i, r := range results {
			for j, c := range r.Checks {
				if k.Fits(c.ID, r.Revision) {
					fits = append(fits, &results[i].Checks[j])
					still = still || c.Verdict != Pass
				}
			}
		}
		for _, c := range fits {
			if !still {
				c.Verdict, c.Why = Fixed, "declared as failing, and passes: remove the entry"
			}
		}
	}
	for i, r := range results {
		for _, c := range r.Checks {
			results[i].Verdict = Worst(results[i].Verdict, c.Verdict)
		}
	}
}
