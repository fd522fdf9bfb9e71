package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// place is where a party stands in the picture: people's clients stand together,
// and so do their browsers; everybody else alone.
type place string

// No party is called this: parties are named by worlds, which take no brackets.
const (
	clients  place = "(clients)"
	browsers place = "(browsers)"
)

// placeOf is where the dialling party of an exchange stands. A stranger who
// dialled is a browser if it says so and does not speak MCP.
func placeOf(p trace.Party, e trace.Exchange, roles map[trace.Party]trace.Role) place {
	switch role := roles[p]; {
	case role == trace.Browser:
		return browsers
	case role == trace.Client:
		return clients
	case p != "":
		return place(p)
	case strings.HasPrefix(e.Request.Header.Get("User-Agent"), "Mozilla/") && e.Path() != "/mcp":
		return browsers
	default:
		return clients
	}
}

// filter is what the journal is narrowed to. The zero filter takes everything.
type filter struct {
	Text string // as it was typed
	At   place  // one end of the hop; empty: any
	Why  string // why the text was not understood; then it counts for nothing

	match Match
}

func readFilter(v url.Values) filter {
	f := filter{Text: strings.TrimSpace(v.Get("match")), At: place(v.Get("at"))}
	var err error
	if f.match, err = ParseMatch(f.Text); err != nil {
		f.Why = err.Error()
	}
	return f
}

// Set says whether anything is left out.
func (f filter) Set() bool { return f.Text != "" && f.Why == "" || f.At != "" }

// Query is the filter as it stands in an address, with what is added to it.
func (f filter) Query() string {
	q := url.Values{}
	if f.Text != "" {
		q.Set("match", f.Text)
	}
	if f.At != "" {
		q.Set("at", string(f.At))
	}
	return q.Encode()
}

// Who is the place in words.
func (f filter) Who() string { return visible(strings.Trim(string(f.At), "()")) }

func (f filter) near(e trace.Exchange, roles map[trace.Party]trace.Role) bool {
	return f.At == "" || placeOf(e.From, e, roles) == f.At || place(e.To) == f.At
}

// row is an exchange as the journal shows it. Every text in it is visible.
type row struct {
	ID             int
	Time, Date     string
	From, To       string
	Front          bool   // a hop towards the portal
	HTTP           string // "POST /mcp"
	Asked, Name    string // of JSON-RPC; empty: it is none
	Letters        []letter
	Said           string // what came back, in words
	Grade          grade
	Why            bool     // there is more to it than a status
	Took           string   // empty: it is not over
	Breaks         []string // ids of the rules over traces that it breaks
	fromAt, toAt   place
	Class, Through string // Through: the host asked for, where it is not who answers
}

// letter is a credential by its letter. Its hue goes with its name, so that one
// that travels is seen to.
type letter struct {
	Text string
	Hue  int // 0 to 7
}

// grade is how an exchange went.
type grade string

const (
	well    grade = "well"
	asks    grade = "asks"   // 401: come back with a credential
	failed  grade = "failed" // no answer, or one that says so
	waiting grade = "open"   // not over
)

// rowOf makes a row of an exchange with letters.
func rowOf(s network.Seen, roles map[trace.Party]trace.Role) row {
	r := row{
		ID: s.ID, Time: s.At.Format("15:04:05.000"), Date: s.At.Format(time.RFC3339Nano),
		From: visible(party(s.From)), To: visible(party(s.To)), Front: front(s.Exchange, roles),
		HTTP:   visible(s.Request.Method + " " + s.Path()),
		fromAt: placeOf(s.From, s.Exchange, roles), toAt: place(s.To),
	}
	if m := s.Asked(); m.Method != "" {
		r.Asked, r.Name = visible(brief(m.Method)), visible(brief(m.Name()))
	}
	for word := range strings.FieldsSeq(Credential(s.Exchange)) {
		r.Letters = append(r.Letters, letterOf(word))
	}
	if roles[s.To] == trace.Gateway {
		r.Through = visible(s.Host())
	}
	r.Said, r.Grade = saidOf(s)
	r.Why = r.Grade == failed || r.Grade == waiting
	if s.Answered > 0 {
		r.Took = short(s.Took)
	}
	r.Class = "back"
	if r.Front {
		r.Class = "front"
	}
	return r
}

// rowOf is rowOf with the name of who stands behind a proxy in the place of its
// address.
func (s *site) rowOf(x network.Seen, roles map[trace.Party]trace.Role) row {
	r := rowOf(x, roles)
	r.Breaks = breaking(s.of.judge.breaches(x.ID))
	for party, origin := range s.of.Origins {
		if r.Through != "" && strings.HasSuffix(origin, "//"+r.Through) {
			r.Through = string(party)
		}
	}
	return r
}

// brief cuts what a row has no room for.
func brief(text string) string {
	const most = 120
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

func letterOf(word string) letter {
	sum := 0
	for _, b := range []byte(word) {
		sum = (sum*31 + int(b)) % 8191
	}
	return letter{visible(brief(word)), sum % 8}
}

// gradeOf is how an exchange went, without a look at what it is in words.
func gradeOf(s network.Seen) grade {
	switch {
	case s.Failure != "":
		return failed
	case s.Response == nil:
		return waiting
	case s.Response.Status == http.StatusUnauthorized:
		return asks
	case s.Response.Status >= 400:
		return failed
	}
	for _, m := range s.Told() {
		if m.Error != nil || toolFailed(m) {
			return failed
		}
	}
	if s.Answered == 0 {
		return waiting
	}
	return well
}

// saidOf is what came back, in words.
func saidOf(s network.Seen) (string, grade) {
	g := gradeOf(s)
	switch {
	case s.Failure != "":
		return "no answer: " + visible(brief(s.Failure)), g
	case s.Response == nil:
		return "waits for the answer", g
	}
	said := strings.TrimSpace(fmt.Sprintf("%d %s", s.Response.Status, http.StatusText(s.Response.Status)))
	for _, m := range s.Told() {
		switch {
		case m.Error != nil:
			said += ", " + errorOf(m)
		case toolFailed(m):
			said += ", the tool failed"
		}
	}
	if g == waiting {
		said += ", still open"
	}
	return said, g
}

// errorOf is a JSON-RPC error in words (JSON-RPC 2.0 §5.1).
func errorOf(m trace.Message) string {
	var e struct {
		Code    json.Number
		Message string
	}
	if json.Unmarshal(m.Error, &e) != nil {
		return "error"
	}
	return visible(brief(fmt.Sprintf("error %s: %s", e.Code, e.Message)))
}

func toolFailed(m trace.Message) bool {
	var result struct{ IsError bool }
	return m.Result != nil && json.Unmarshal(m.Result, &result) == nil && result.IsError
}

// journal is what the page shows of what was seen.
type journal struct {
	Rows    []row // newest first
	Filter  filter
	Next    int  // the event that the stream goes on from
	Dropped int  // exchanges given up for newer ones
	Older   int  // the event before which there is more; 0: there is not
	Paged   bool // it does not begin with the newest
}

// atOnce is how many rows a page has.
const atOnce = 150

// journal reads backwards from an event, 0 for the newest, in windows that grow:
// what nobody looks at is not copied, and not given letters.
func (s *site) readJournal(f filter, before int) journal {
	latest := s.of.Network.Latest()
	j := journal{Filter: f, Next: latest, Paged: before > 0}
	if before <= 0 || before > latest {
		before = latest + 1
	}
	roles := s.of.Network.Roles()
	for reach := 4 * atOnce; ; reach *= 4 {
		after := max(0, before-1-reach)
		news := s.of.Network.News(after, 0)
		j.Dropped = news.Dropped
		seen := slices.DeleteFunc(news.Seen, func(x network.Seen) bool { return x.ID <= after || x.ID >= before })
		slices.SortFunc(seen, func(a, b network.Seen) int { return b.ID - a.ID })
		j.Rows, j.Older = s.pick(seen, f, roles)
		if len(j.Rows) == atOnce || after == 0 {
			return j
		}
	}
}

// pick makes rows of the newest exchanges that pass the filter, and says from
// where on there are more.
func (s *site) pick(seen []network.Seen, f filter, roles map[trace.Party]trace.Role) (rows []row, older int) {
	for i := range seen {
		if len(rows) == atOnce {
			return rows, seen[i].ID + 1
		}
		if r, ok := s.passes(seen[i], f, roles); ok {
			rows = append(rows, r)
		}
	}
	return rows, 0
}

// passes makes a row of an exchange if the filter lets it through.
func (s *site) passes(x network.Seen, f filter, roles map[trace.Party]trace.Role) (row, bool) {
	if !f.near(x.Exchange, roles) {
		return row{}, false
	}
	x = s.of.lettered(x)
	if f.Why == "" {
		if all, _ := f.match.Holds(x.Exchange); !all {
			return row{}, false
		}
	}
	return s.rowOf(x, roles), true
}
