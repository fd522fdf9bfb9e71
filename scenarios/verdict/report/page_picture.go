package report

import (
	"cmp"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/diagrams/sequence"
	"github.com/portico-mcp/portico/simulators/trace"
)

// The picture of package sequence stands by itself: it brings its colours, a
// name and a description in words. On a page of many the page has the colours,
// the list of exchanges is the description, and ids are the story's. Everything
// in it that is not ours is escaped and on one line, so that lines can be told
// apart by how they begin.
var (
	pictureID    = regexp.MustCompile(`aria-labelledby="(p[0-9a-f]{8})-t"`)
	pictureStyle = regexp.MustCompile(`(?s)<style>.*?</style>\n`)
	pictureWords = regexp.MustCompile(`<desc [^>]*>[^<]*</desc>\n`)
	pictureMark  = regexp.MustCompile(`<marker id="[^"]*-(accent|detour|alone)".*</marker>\n`)
	pictureHover = regexp.MustCompile(`<g><title>[^<]*</title>\n|</g>\n`)
	pictureSize  = regexp.MustCompile(` width="960" height="(\d+)" viewBox="0 0 960 \d+"`)
)

// headed is how much of the picture is names of lanes, in pixels.
const headed = 78

// draw is the picture of a story and, apart, the names above its lanes, which
// stay in sight while one scrolls; and how many exchanges it leaves out.
func draw(t *telling, seen trace.Trace) (lanes, picture template.HTML, undrawn int) {
	if len(seen.Exchanges) == 0 {
		return "", "", 0
	}
	undrawn = max(0, len(seen.Exchanges)-mostDrawn)
	seen.Exchanges = tame(seen.Exchanges[:len(seen.Exchanges)-undrawn])
	text := legal(string(sequence.Draw(seen, t.Revision+" "+t.Title)))
	m, size := pictureID.FindStringSubmatch(text), pictureSize.FindStringSubmatch(text)
	if m == nil || size == nil {
		return "", "", len(seen.Exchanges) + undrawn
	}
	id := m[1]
	for _, drop := range []*regexp.Regexp{pictureStyle, pictureWords, pictureMark, pictureHover} {
		text = drop.ReplaceAllString(text, "")
	}
	text = strings.Replace(text, `aria-describedby="`+id+`-d"`, `aria-describedby="`+t.Anchor+`-x"`, 1)
	text = strings.NewReplacer(`"`+id+`-`, `"`+t.Anchor+`-`, `url(#`+id+`-`, `url(#`+t.Anchor+`-`).Replace(text)
	var height int
	_, _ = fmt.Sscan(size[1], &height)
	text = strings.Replace(text, size[0], fmt.Sprintf(` width="960" height="%d" viewBox="0 %d 960 %d"`, height-headed, headed, height-headed), 1)
	names, text := partLanes(text)
	lanes = template.HTML(fmt.Sprintf(`<svg width="960" height="40" viewBox="0 38 960 40" aria-hidden="true"><rect x="0" y="38" width="960" height="40" class="f-paper"/>%s</svg>`, names)) //nolint:gosec // escaped by package svg
	return lanes, template.HTML(linked(text, t.Anchor, order(seen))), undrawn                                                                                                               //nolint:gosec // escaped by package svg
}

// partLanes takes the names of the lanes out of a picture, and its title, which
// stands above it on the page.
func partLanes(text string) (names, rest string) {
	var out []string
	drawn := false
	for line := range strings.SplitAfterSeq(text, "\n") {
		drawn = drawn || strings.HasPrefix(line, "<line ")
		switch {
		case drawn || !strings.HasPrefix(line, "<text "):
			out = append(out, line)
		case !strings.Contains(line, ` y="26" `):
			names += strings.TrimSuffix(line, "\n")
		}
	}
	return names, strings.Join(out, "")
}

// place is where a request or an answer stands in a trace.
type place struct {
	at, exchange int // of the event; of the exchange, from 1
	answer       bool
}

// order is the requests and answers of a trace in the order they are drawn.
func order(t trace.Trace) []place {
	var all []place
	for i, e := range t.Exchanges {
		all = append(all, place{e.Sent, i + 1, false})
		if e.Answered > 0 {
			all = append(all, place{e.Answered, i + 1, true})
		}
	}
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	return all
}

// linked makes each arrow a link to its exchange for who points at it, and
// numbers requests as the list does. Keys and screen readers go by the list.
func linked(text, story string, all []place) string {
	var b strings.Builder
	arrows := 0
	inArrow := false
	for line := range strings.SplitAfterSeq(text, "\n") {
		switch {
		case strings.HasPrefix(line, `<path `) && arrows < len(all):
			fmt.Fprintf(&b, `<a href="#%s-%d" tabindex="-1">`, story, all[arrows].exchange)
			b.WriteString(line)
			inArrow = true
			arrows++
		case inArrow && strings.HasPrefix(line, "<text "):
			inArrow = false
			if p := all[arrows-1]; !p.answer {
				line = strings.Replace(line, ">", fmt.Sprintf(">%d ", p.exchange), 1)
			}
			b.WriteString(strings.TrimSuffix(line, "\n") + "</a>\n")
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

// longLabel is how long what is written at an arrow may be before it is drawn
// in fewer words, in bytes.
const longLabel = 400

// tame is the exchanges as they are drawn: of who answers with a name of a
// megabyte, no arrow says that.
func tame(all []trace.Exchange) []trace.Exchange {
	out := slices.Clone(all)
	for i, e := range out {
		if len(sequence.Asks(e)) > longLabel {
			out[i].Request.Body, out[i].Request.Header = "", nil
			out[i].Request.URL = short(e.Request.URL, longLabel)
			out[i].Request.Method = line(e.Request.Method, 40)
		}
		if len(sequence.Answers(e)) > longLabel && e.Response != nil {
			out[i].Response = &trace.Response{Status: e.Response.Status}
		}
		out[i].Failure = short(e.Failure, longLabel)
		out[i].From, out[i].To = tameParty(e.From), tameParty(e.To)
	}
	return out
}

func tameParty(p trace.Party) trace.Party {
	if len(p) <= 60 {
		return p
	}
	return trace.Party(line(string(p), 60))
}
