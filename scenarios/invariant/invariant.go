// Package invariant is what every trace must keep, whatever happened in it: a
// credential on the wrong side, a leaked header, a message that breaks its
// revision's schema, a name that differs between two places. Each rule is
// written once and judges stories, a town one lives in, and anybody's capture.
//
// A rule works on roles. A trace that does not say who is who gives it less to
// see, and a rule that saw nothing did not hold: [Result] tells the two apart.
// A trace with names for its secrets ([trace.Trace.Named]) can be judged too,
// but a secret that was encoded has no name in it and is not found there.
package invariant

import (
	"slices"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Rule is a promise that a whole trace keeps or breaks.
type Rule struct {
	ID           string         // short, in kebab case
	Says         string         // the promise, one sentence
	Requirements []string       // what it checks, by the ids of fixtures/requirements; empty: no row as a whole
	Level        fixtures.Level // a broken "may" is worth knowing, and nobody's failure

	look look
}

// look judges one exchange: whether the rule concerns it at all, and what is
// wrong there. It may name peers and tools; what it says is made safe to print
// by its caller.
type look func(*view, *hop) (judged bool, wrong []string)

// Finding is where a trace breaks a rule.
type Finding struct {
	Rule     string `json:"rule"`     // its id
	Exchange int    `json:"exchange"` // index into Trace.Exchanges
	Says     string `json:"says"`     // what is wrong there; holds no secret and no control character
}

// Result is what a rule saw in a trace.
type Result struct {
	Rule     Rule
	Saw      int // how many exchanges it judged; 0: it neither held nor broke
	Findings []Finding
}

// Rules is all rules, in the order in which they are reported.
func Rules() []Rule {
	return slices.Concat(credentialRules(), headerRules(), messageRules(), nameRules(), callRules(), authorizationRules())
}

// Judge is where the trace breaks any of the rules: by rule, then by exchange.
func Judge(t trace.Trace) []Finding {
	var all []Finding
	for _, r := range Examine(t) {
		all = append(all, r.Findings...)
	}
	return all
}

// Examine is what each rule saw in the trace, which is read once for all.
func Examine(t trace.Trace) []Result {
	v := read(t)
	var all []Result
	for _, r := range Rules() {
		all = append(all, r.examine(v))
	}
	return all
}

// Sees is how many exchanges the rule can judge. It reads the whole trace:
// [Examine] tells the same of all rules at once.
func (r Rule) Sees(t trace.Trace) int { return r.examine(read(t)).Saw }

func (r Rule) examine(v *view) Result {
	result := Result{Rule: r}
	for i := range v.hops {
		judged, wrong := r.look(v, &v.hops[i])
		if !judged {
			continue
		}
		result.Saw++
		for _, says := range wrong {
			result.Findings = append(result.Findings, Finding{Rule: r.ID, Exchange: i, Says: v.plain(says)})
		}
	}
	return result
}
