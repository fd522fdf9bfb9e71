package probe

import (
	"slices"
	"strings"
)

// Rule is something a server keeps, or a portal or a client will trip over it.
type Rule struct {
	ID       string `json:"id"`
	Level    Level  `json:"level"`
	Topic    string `json:"topic"`
	Sentence string `json:"sentence"` // the rule itself
	Source   string `json:"source"`   // who says so

	// looks says whether there is anything to judge.
	looks func(*evidence) bool

	// check says what is wrong, and which exchange shows it; no sentence:
	// nothing is.
	check func(*evidence) (string, *exchange)
}

// Rules are all the rules, by topic.
var Rules = slices.Concat(transportRules, messageRules, sessionRules, signInRules, listRules, nameRules, schemaRules)

// judge reads the rules over the evidence. Findings come worst first, and then
// in the order of the rules.
func judge(e *evidence) (findings []Finding, passed []string) {
	findings, passed = []Finding{}, []string{}
	for _, r := range Rules {
		if !r.looks(e) {
			continue
		}
		sentence, x := r.check(e)
		if sentence == "" {
			passed = append(passed, r.ID)
			continue
		}
		f := Finding{Rule: r.ID, Level: r.Level, Sentence: long(sentence), Why: r.Sentence + " (" + r.Source + ")"}
		if x != nil {
			f.See = e.line.curl(x)
		}
		findings = append(findings, f)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return a.Level.rank() - b.Level.rank() })
	return findings, passed
}

func (l Level) rank() int { return slices.Index([]Level{Stop, Warn, Note}, l) }

// few names the first of many.
func few(names []string) string {
	const most = 3
	var quoted []string
	for _, n := range names[:min(len(names), most)] {
		quoted = append(quoted, quote(n))
	}
	if more := len(names) - most; more > 0 {
		return strings.Join(quoted, ", ") + " and " + count(more, "other")
	}
	return strings.Join(quoted, ", ")
}
