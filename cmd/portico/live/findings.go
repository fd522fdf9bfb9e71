package live

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/invariant"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Finding is where what was seen breaks a rule: the same thing wrong on the same
// hop is one finding, however often it comes.
type Finding struct {
	Rule         string         `json:"rule"`         // its id
	Says         string         `json:"says"`         // the promise, one sentence
	Level        fixtures.Level `json:"level"`        // a broken "may" is nobody's failure
	Requirements []string       `json:"requirements"` // ids of fixtures/requirements; none: no row says it as a whole
	Wrong        string         `json:"wrong"`        // what is wrong; holds no secret and no control character
	From         trace.Party    `json:"from"`         // empty: a client that nobody here dialled for
	To           trace.Party    `json:"to"`
	Asked        string         `json:"asked"`    // what was asked for, in the latest of them
	Exchange     int            `json:"exchange"` // the first one's id in the journal
	Latest       int            `json:"latest"`   // the latest one's
	Times        int            `json:"times"`
	At           time.Time      `json:"at"` // when the first was sent
}

// Hop is who asked whom.
func (f Finding) Hop() string { return party(f.From) + " → " + party(f.To) }

// RuleState is a rule and how it fares.
type RuleState struct {
	ID           string         `json:"id"`
	Says         string         `json:"says"`
	Level        fixtures.Level `json:"level"`
	Requirements []string       `json:"requirements"`
	Judged       int            `json:"judged"` // the most exchanges that it concerned at once; 0: it neither held nor broke
	Broken       int            `json:"broken"` // how often it was found broken
}

// Judgement is what the rules over traces saw in a town. It counts since the
// town was opened, or since what was seen was last forgotten.
type Judgement struct {
	Exchanges int         `json:"exchanges"` // that have ended and were judged
	Behind    int         `json:"behind"`    // events of the journal that are not judged yet
	Missed    bool        `json:"missed"`    // the journal gave some up before they were judged
	Rules     []RuleState `json:"rules"`
	Findings  []Finding   `json:"findings"` // the newest first
	Unlisted  int         `json:"unlisted"` // findings that were given up for newer ones
}

// Tally is how many rules are broken, how many held, and how many had nothing
// to judge.
func (j Judgement) Tally() (broken, held, blind int) {
	for _, r := range j.Rules {
		switch {
		case r.Broken > 0:
			broken++
		case r.Judged > 0:
			held++
		default:
			blind++
		}
	}
	return broken, held, blind
}

// What a verdict holds.
const (
	mostFindings = 200
	mostMarks    = 2000 // exchanges that are known to break a rule
)

// verdict is what was found so far.
type verdict struct {
	upTo      int // the event of the journal
	exchanges int
	missed    bool
	rules     []RuleState
	findings  []*Finding // the one that came latest is the last
	unlisted  int
	marks     marks
}

func newVerdict() verdict {
	v := verdict{marks: marks{at: map[int][]breach{}}}
	for _, r := range invariant.Rules() {
		v.rules = append(v.rules, RuleState{ID: r.ID, Says: r.Says, Level: r.Level, Requirements: r.Requirements})
	}
	return v
}

// add adds what is wrong with an exchange, which has letters for what is opaque.
func (v *verdict) add(rule *RuleState, wrong string, x network.Seen) {
	rule.Broken++
	v.marks.add(x.ID, breach{*rule, wrong})
	f := &Finding{
		Rule: rule.ID, Says: rule.Says, Level: rule.Level, Requirements: rule.Requirements, Wrong: wrong,
		From: x.From, To: x.To, Exchange: x.ID, At: x.At,
	}
	same := func(o *Finding) bool {
		return o.Rule == f.Rule && o.Wrong == f.Wrong && o.From == f.From && o.To == f.To
	}
	if i := slices.IndexFunc(v.findings, same); i >= 0 {
		f = v.findings[i]
		v.findings = slices.Delete(v.findings, i, i+1)
	}
	f.Times, f.Latest, f.Asked = f.Times+1, max(f.Latest, x.ID), Printable(brief(askedFor(x)))
	v.findings = append(v.findings, f)
	if len(v.findings) > mostFindings {
		v.findings = slices.Delete(v.findings, 0, 1)
		v.unlisted++
	}
}

// askedFor is what an exchange asks for: a method of JSON-RPC and a name, or
// one of HTTP and a path.
func askedFor(x network.Seen) string {
	if m := x.Asked(); m.Method != "" {
		return strings.TrimSpace(m.Method + " " + m.Name())
	}
	return x.Request.Method + " " + x.Path()
}

func (v *verdict) judgement() Judgement {
	said := Judgement{
		Exchanges: v.exchanges, Missed: v.missed, Rules: slices.Clone(v.rules), Findings: []Finding{}, Unlisted: v.unlisted,
	}
	for _, f := range slices.Backward(v.findings) {
		said.Findings = append(said.Findings, *f)
	}
	return said
}

// breach is a rule that an exchange breaks, and how.
type breach struct {
	RuleState
	Wrong string
}

// marks are the exchanges that break rules, by id.
type marks struct {
	at    map[int][]breach
	order []int // as they were found, one a breach
	gone  int   // how many of those were given up
}

func (m *marks) add(id int, b breach) {
	const most = 20 // of one exchange; what else is wrong with it is told by its findings
	if len(m.at[id]) < most {
		m.at[id] = append(m.at[id], b)
	}
	m.order = append(m.order, id)
	for len(m.order) > mostMarks {
		if !slices.Contains(m.order[1:], m.order[0]) {
			delete(m.at, m.order[0])
		}
		m.order, m.gone = m.order[1:], m.gone+1
	}
}

// breaches are the rules that an exchange breaks.
func (j *judge) breaches(id int) []breach {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.verdict.marks.at[id])
}

// markedSince are the exchanges that were found to break a rule after so many
// had been, each once, and how many there are now.
func (j *judge) markedSince(before int) (ids []int, now int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	m := &j.verdict.marks
	now = m.gone + len(m.order)
	ids = slices.Clone(m.order[min(max(0, before-m.gone), len(m.order)):])
	slices.SortFunc(ids, func(a, b int) int { return cmp.Compare(b, a) })
	return slices.Compact(ids), now
}
