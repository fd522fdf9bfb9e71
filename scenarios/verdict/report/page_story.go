package report

import (
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/diagrams/sequence"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/trace"
)

// group is the checks that came to the same verdict.
type group struct {
	mark
	Checks []checkOf
}

// checkOf is a requirement with every story that checked it.
type checkOf struct {
	mark
	ID, Anchor    string
	Says, Area    string
	Level, Source string
	Authority     string
	Link          string
	Eras          []era
	Tellings      []toldCheck
	Again, Repro  string
	Open          bool
}

type era struct {
	mark
	Revision string
}

// toldCheck is a check in one story.
type toldCheck struct {
	mark
	ID, Anchor string // of the check
	Level, Why string
	Story      *telling
	Fields     [][2]string // of its failures
}

// chapter is the stories of one chapter.
type chapter struct {
	Name    string
	Stories []*telling
}

// telling is a story in one revision.
type telling struct {
	mark
	Anchor   string
	Chapter  string
	Title    string
	Story    string
	Revision string
	World    string
	Seen     string
	Open     bool
	Rule     bool // that every story keeps
	Checks   []toldCheck
	Evidence []look
	Picture  template.HTML // empty: nothing was exchanged
	Lanes    template.HTML // the names above it, which stay in sight
	Undrawn  int           // exchanges that the picture leaves out
	Exchange []shown
	Unshown  int // exchanges that the list leaves out
}

// look is one piece of evidence.
type look struct {
	Seats, Of string
	Note      string // refused, silent
	Ranges    []span // of exchanges
}

type span struct{ Anchor, Text string }

// shown is one exchange.
type shown struct {
	Place            int
	Anchor           string
	Ends, Asks, Said string
	Request          template.HTML
	Response         template.HTML
}

// What one story may take of the page.
const (
	mostDrawn = 200 // exchanges in a picture
	mostShown = 400 // exchanges in a list
)

func tellingsOf(all []verdict.Result) []*telling {
	most := bodyLimit(all)
	var out []*telling
	for i, r := range all {
		t := &telling{
			mark: markOf(r.Verdict), Anchor: fmt.Sprintf("s%d", i+1), Chapter: line(strings.TrimSpace(r.Chapter), 300), Story: line(r.Story, 300),
			Title: line(sayTitle(r), 400), Revision: line(r.Revision, 60), World: line(r.World, 100), Seen: line(r.Seen, 2000), Open: r.Verdict.Bad(), Rule: r.Everywhere,
		}
		for _, c := range r.Checks {
			t.Checks = append(t.Checks, toldCheck{
				mark: markOf(c.Verdict), ID: line(c.ID, 60), Anchor: anchor(c.ID), Level: line(c.Level, 20), Why: line(c.Why, 2000), Story: t, Fields: shownFields(c.Failures),
			})
		}
		for _, e := range r.Evidence {
			t.Evidence = append(t.Evidence, lookOf(t.Anchor, e, len(r.Trace.Exchanges)))
		}
		t.Lanes, t.Picture, t.Undrawn = draw(t, r.Trace)
		for n, e := range r.Trace.Exchanges[:min(len(r.Trace.Exchanges), mostShown)] {
			t.Exchange = append(t.Exchange, shownOf(t.Anchor, n+1, e, most))
		}
		t.Unshown = max(0, len(r.Trace.Exchanges)-mostShown)
		out = append(out, t)
	}
	return out
}

func shownFields(all []verdict.Failure) [][2]string {
	var fields [][2]string
	for _, f := range failureFields(all) {
		if f[1] != "" {
			fields = append(fields, [2]string{f[0], legal(strings.TrimRight(short(f[1], mostText), "\n"))})
		}
	}
	return fields
}

// lookOf is a piece of evidence with links to the exchanges that it stands on,
// neighbours as one.
func lookOf(story string, e verdict.Evidence, exchanges int) look {
	var seats []string
	for _, s := range e.Seats {
		seats = append(seats, string(s))
	}
	l := look{Seats: line(strings.Join(seats, ", "), 300), Of: line(e.Of, 500)}
	switch {
	case e.Silent:
		l.Note = strings.TrimSpace("silent: nothing was there  " + line(e.Watched, 500))
	case e.Refused:
		l.Note = "refused"
	}
	places := slices.DeleteFunc(slices.Sorted(slices.Values(e.Exchanges)), func(p int) bool { return p < 1 || p > exchanges })
	for i := 0; i < len(places); {
		j := i
		for j+1 < len(places) && places[j+1] <= places[j]+1 {
			j++
		}
		s := span{fmt.Sprintf("%s-%d", story, places[i]), fmt.Sprint(places[i])}
		if places[j] > places[i] {
			s.Text += fmt.Sprintf("–%d", places[j])
		}
		l.Ranges, i = append(l.Ranges, s), j+1
	}
	return l
}

// anchor is what a check is linked by: its id, or what cannot be mistaken for
// anything else of the page.
func anchor(id string) string {
	ours := func(r rune) bool {
		return r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	if id != "" && id[0] >= 'A' && id[0] <= 'Z' && strings.IndexFunc(id, func(r rune) bool { return !ours(r) }) < 0 {
		return id
	}
	return "check:" + line(id, 60)
}

func chapters(all []*telling) []chapter {
	var out []chapter
	at := map[string]int{}
	for _, t := range all {
		i, told := at[t.Chapter]
		if !told {
			i = len(out)
			at[t.Chapter] = i
			out = append(out, chapter{Name: t.Chapter})
		}
		out[i].Stories = append(out[i].Stories, t)
	}
	return out
}

// groups are the checks by verdict, the worst first.
func groups(r verdict.Report, all []*telling) []group {
	told := map[string][]toldCheck{}
	for i, t := range all {
		for n, c := range t.Checks {
			id := r.Results[i].Checks[n].ID
			told[id] = append(told[id], c)
		}
	}
	var out []group
	for _, v := range verdict.All {
		g := group{mark: markOf(v)}
		for _, s := range r.Summaries {
			if s.Verdict == v {
				g.Checks = append(g.Checks, oneCheck(s, told[s.ID]))
			}
		}
		if len(g.Checks) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func oneCheck(s verdict.Requirement, told []toldCheck) checkOf {
	q := row(s.ID)
	c := checkOf{
		mark: markOf(s.Verdict), ID: line(s.ID, 60), Anchor: anchor(s.ID), Says: q.Says, Area: q.Area, Source: q.Source, Link: q.Link,
		Level: string(q.Level), Authority: string(q.Authority), Tellings: told, Again: again(s.ID), Repro: repro(s.ID), Open: s.Verdict.Bad(),
	}
	for _, revision := range slices.Sorted(maps.Keys(s.Eras)) {
		c.Eras = append(c.Eras, era{markOf(s.Eras[revision]), line(revision, 60)})
	}
	return c
}

// half is a request or an answer as text.
type half struct{ head, body string }

func halves(e trace.Exchange) (asked, told half) {
	asked = half{e.Request.Method + " " + e.Request.URL + "\n" + headers(e.Request.Header), e.Request.Body}
	switch {
	case e.Response != nil:
		told = half{fmt.Sprintf("%d %s\n%s", e.Response.Status, http.StatusText(e.Response.Status), headers(e.Response.Header)), e.Response.Body}
		if e.Failure != "" {
			told.head += "then: " + e.Failure + "\n"
		}
	case e.Failure != "":
		told.head = "no answer: " + e.Failure + "\n"
	default:
		told.head = "no answer\n"
	}
	return asked, told
}

func headers(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	return b.String()
}

func shownOf(story string, place int, e trace.Exchange, most int) shown {
	asked, told := halves(e)
	return shown{
		Place: place, Anchor: fmt.Sprintf("%s-%d", story, place),
		Ends: line(string(e.From)+" → "+string(e.To), 120),
		Asks: line(sequence.Asks(e), 160), Said: line(sequence.Answers(e), 160),
		Request: asked.html(most), Response: told.html(most),
	}
}

// html is the half as the content of an element. It says how much it leaves
// out, and where that stands.
func (h half) html(most int) template.HTML {
	text := escaped(strings.TrimRight(short(h.head, headLimit(most)), "\n"))
	body, left := cut(h.body, most)
	if body != "" {
		text += "\n\n" + escaped(body)
	}
	if left > 0 {
		text += fmt.Sprintf("\n<i>… %d bytes more, in events.jsonl</i>", left)
	}
	return template.HTML(text) //nolint:gosec // escaped above
}

func headLimit(most int) int { return min(max(most, 1024), 4096) }

// mostPage is how large the page may become for a run of 150 stories with 50
// exchanges each, in bytes; the rest of a megabyte is for what else is on it.
const mostPage = 11 << 20

// bodyLimit is how much of each body the page shows, in bytes: as much as keeps
// it usable.
func bodyLimit(all []verdict.Result) int {
	const perExchange = 1000 // what an exchange takes beside what was said in it
	var said []half
	for _, r := range all {
		for _, e := range r.Trace.Exchanges[:min(len(r.Trace.Exchanges), mostShown)] {
			asked, told := halves(e)
			said = append(said, asked, told)
		}
	}
	room := max(1<<20, mostPage-len(said)/2*perExchange)
	most := 16 << 10
	for most > 64 && !fit(said, most, room) {
		most /= 2
	}
	return most
}

// fit says whether what was said takes no more than room on the page.
func fit(said []half, most, room int) bool {
	for _, h := range said {
		room -= weight(h.head, headLimit(most)) + weight(h.body, most) + 48 // the note that something is left out
		if room < 0 {
			return false
		}
	}
	return true
}

// weight is about how many bytes the first of a text take once they are escaped,
// rather more than less.
func weight(text string, most int) int {
	n := min(len(text), most)
	for i := range n {
		switch c := text[i]; {
		case c == '<' || c == '>':
			n += 3
		case c == '&':
			n += 4
		case c < ' ' && c != '\n' && c != '\t' || c == 0x7f:
			n += 5
		case c >= 0x80:
			n += 2
		}
	}
	return n
}

func sorted(order []string, kinds map[string]*redaction) []redaction {
	slices.Sort(order)
	var all []redaction
	for _, kind := range order {
		all = append(all, *kinds[kind])
	}
	return all
}
