package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// detail is an exchange with all that was said.
type detail struct {
	row
	Step      string
	Address   string // that the listener was called from
	Request   half
	Response  *half // nil: none came
	Failure   string
	Inside    *row  // the exchange in which it happened; nil: it began by itself
	Others    int   // that it might have happened in as well, since they overlap
	Within    []row // what happened in it
	Prev      int   // the exchange before it, 0: none that is kept
	Following int
	Broken    []breach // the rules over traces that it breaks
}

// half is a request or a response.
type half struct {
	Line    string
	Headers []header
	Parts   []part
}

type header struct {
	Name, Value string
	Letter      *letter // the credential that follows; nil: there is none
}

// part is a body, or an event of one that is a stream.
type part struct {
	Title string // "JSON-RPC request", "event 2"
	Text  string
	Note  string // what is not as it was on the wire
}

// mostBody is how much of a body is shown, in bytes.
const mostBody = 64 << 10

func (s *site) exchange(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	seen, ok := s.of.Network.Find(id)
	if err != nil || !ok {
		show(w, http.StatusNotFound, "lost", nil)
		return
	}
	name := "exchange"
	if r.URL.Query().Has("part") {
		name = "detail" // for a page that opens it in place
	}
	show(w, http.StatusOK, name, s.detailOf(seen))
}

// around is how many journal events before and after an exchange are looked at
// for what it belongs to.
const around = 3000

func (s *site) detailOf(seen network.Seen) detail {
	near := s.of.Network.News(max(0, seen.ID-around), 2*around).Seen
	slices.SortFunc(near, func(a, b network.Seen) int { return a.ID - b.ID })
	at, ok := slices.BinarySearchFunc(near, seen.ID, func(x network.Seen, id int) int { return x.ID - id })
	if !ok {
		near = slices.Insert(near, at, seen)
	}
	roles := s.of.Network.Roles()
	t := trace.Trace{Roles: roles}
	for _, x := range near {
		t.Exchanges = append(t.Exchanges, x.Exchange)
	}
	d := detail{Step: t.StepOf(at).String(), Address: visible(seen.Address)}
	if at > 0 {
		d.Prev = near[at-1].ID
	}
	if at+1 < len(near) {
		d.Following = near[at+1].ID
	}
	s.kin(&d, near, at, roles)
	full := s.of.lettered(seen)
	d.row = s.rowOf(full, roles)
	d.Failure = visible(full.Failure)
	for _, b := range s.of.judge.breaches(seen.ID) {
		b.Wrong = visible(b.Wrong)
		d.Broken = append(d.Broken, b)
	}
	d.Request = half{
		Line: visible(full.Request.Method + " " + full.Request.URL), Headers: headersOf(full.Request.Header),
		Parts: parts(full.Request.Header, full.Request.Body),
	}
	if a := full.Response; a != nil {
		line := strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)))
		d.Response = &half{Line: line, Headers: headersOf(a.Header), Parts: parts(a.Header, a.Body)}
	}
	return d
}

// kin finds in which exchange the one at a place happened, and what happened in
// it.
func (s *site) kin(d *detail, near []network.Seen, at int, roles map[trace.Party]trace.Role) {
	parent, candidates := carrier(near, at)
	if parent >= 0 {
		r := s.rowOf(s.of.lettered(near[parent]), roles)
		d.Inside, d.Others = &r, candidates-1
	}
	const most = 50
	for i := at + 1; i < len(near) && len(d.Within) < most; i++ {
		if near[i].From != near[at].To {
			continue
		}
		if up, _ := carrier(near, i); up == at {
			d.Within = append(d.Within, s.rowOf(s.of.lettered(near[i]), roles))
		}
	}
}

// carrier is the innermost exchange that the party which sent the i-th was
// answering just then, and how many there were; -1 if none. The wire says no
// more: of calls that overlap, the latest is taken.
func carrier(near []network.Seen, i int) (latest, candidates int) {
	child := near[i]
	latest = -1
	for j := i - 1; j >= 0; j-- {
		e := near[j]
		if e.To != child.From || e.Answered > 0 && e.Answered < child.Sent || standing(e.Exchange) {
			continue
		}
		if candidates++; latest < 0 {
			latest = j
		}
	}
	return latest, candidates
}

// standing says whether an exchange is a stream that stands by itself and
// carries nothing.
func standing(e trace.Exchange) bool {
	return e.Request.Method == http.MethodGet && e.Response != nil && kindOf(e.Response.Header) == "text/event-stream"
}

func headersOf(h http.Header) []header {
	var all []header
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			one := header{Name: visible(name), Value: visible(value)}
			switch name {
			case "Authorization", "Proxy-Authorization":
				if scheme, credential, ok := strings.Cut(value, " "); ok {
					l := letterOf(credential)
					one.Value, one.Letter = visible(scheme)+" ", &l
				}
			case "Cf-Access-Jwt-Assertion", "Cf-Access-Client-Id", "X-Api-Key", "Mcp-Session-Id":
				l := letterOf(value)
				one.Value, one.Letter = "", &l
			}
			all = append(all, one)
		}
	}
	return all
}

func kindOf(h http.Header) string {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind
}

// parts is a body so that it can be read: JSON indented, the events of a stream
// one by one, a form as its fields.
func parts(h http.Header, body string) []part {
	if body == "" {
		return nil
	}
	note := ""
	if len(body) > mostBody {
		note = fmt.Sprintf("Cut: the first %d KB of %d.", mostBody>>10, len(body)>>10)
	}
	switch kind := kindOf(h); {
	case kind == "text/event-stream":
		return streamed(body)
	case strings.HasSuffix(kind, "json"):
		text, as := indented(body)
		return []part{{Title: as, Text: text, Note: note}}
	case kind == "application/x-www-form-urlencoded":
		return []part{{Title: "form", Text: formed(body), Note: note}}
	case kind == "text/html":
		return []part{{Title: "title of the page", Text: cut(body), Note: note}}
	default:
		return []part{{Title: "body", Text: cut(body), Note: note}}
	}
}

// cut is what is shown of a text, without half a character at its end.
func cut(text string) string {
	if len(text) > mostBody {
		text = text[:mostBody]
		for range utf8.UTFMax {
			if r, size := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || size != 1 {
				break
			}
			text = text[:len(text)-1]
		}
	}
	return visible(text)
}

// indented is a JSON document on more lines, all else as it was; the second is
// what kind of a document it is.
func indented(body string) (text, kind string) {
	var b bytes.Buffer
	if len(body) > 4*mostBody || depth(body) > deepest || json.Indent(&b, []byte(body), "", "  ") != nil {
		return cut(body), "body"
	}
	var m trace.Message
	_ = json.Unmarshal([]byte(body), &m)
	switch {
	case m.Error != nil:
		kind = "JSON-RPC error"
	case m.Result != nil:
		kind = "JSON-RPC result"
	case m.Method != "" && m.ID == nil:
		kind = "JSON-RPC notification"
	case m.Method != "":
		kind = "JSON-RPC request"
	default:
		kind = "JSON"
	}
	return cut(b.String()), kind
}

// deepest is how deep a document may be nested to be indented: the spaces grow
// with the square of it, and who sent the body chose it.
const deepest = 100

// depth is how deep brackets are nested, those in strings counted along.
func depth(text string) (most int) {
	now := 0
	for i := range len(text) {
		switch text[i] {
		case '{', '[':
			now++
			most = max(most, now)
		case '}', ']':
			now--
		}
	}
	return most
}

// streamed is the events of a stream (HTML Living Standard, Server-sent
// events).
func streamed(body string) []part {
	const most = 200
	whole := len(body)
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body[:min(mostBody, whole)])
	var all []part
	for block := range strings.SplitSeq(strings.TrimRight(body, "\n"), "\n\n") {
		if len(all) == most {
			all[most-1].Note = "More events follow."
			return all
		}
		all = append(all, eventPart(len(all)+1, block))
	}
	if whole > mostBody && len(all) > 0 {
		all[len(all)-1].Note = fmt.Sprintf("Cut: the first %d KB of %d.", mostBody>>10, whole>>10)
	}
	return all
}

// eventPart is an event: its fields as they were, its data indented.
func eventPart(n int, block string) part {
	var data, rest []string
	for line := range strings.SplitSeq(block, "\n") {
		if text, ok := strings.CutPrefix(line, "data:"); ok {
			data = append(data, strings.TrimPrefix(text, " "))
		} else if line != "" {
			rest = append(rest, line)
		}
	}
	text, kind := indented(strings.Join(data, "\n"))
	p := part{Title: fmt.Sprintf("event %d, %s", n, kind), Text: text}
	if len(data) == 0 {
		p.Title = fmt.Sprintf("event %d, no data", n)
	}
	if len(rest) > 0 {
		p.Text = visible(strings.Join(rest, "\n")) + "\n" + p.Text
	}
	return p
}

// formed is the fields of a form, one a line.
func formed(body string) string {
	var b strings.Builder
	for pair := range strings.SplitSeq(body[:min(mostBody, len(body))], "&") {
		name, value, _ := strings.Cut(pair, "=")
		if n, err := url.QueryUnescape(name); err == nil {
			name = n
		}
		if v, err := url.QueryUnescape(value); err == nil {
			value = v
		}
		fmt.Fprintf(&b, "%s = %s\n", name, value)
	}
	return visible(strings.TrimSuffix(b.String(), "\n"))
}
