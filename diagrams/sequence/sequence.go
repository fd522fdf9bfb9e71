// Package sequence draws a trace as a sequence: a lane for each party, an arrow
// for each request and each answer, in the order in which they happened.
package sequence

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/diagrams/svg"
	"github.com/portico-mcp/portico/simulators/trace"
)

// event is a request or an answer.
type event struct {
	at       int // place in the order of the trace
	exchange int // index
	answer   bool
	step     trace.Step
}

// events are the requests and answers of a trace in their order.
func events(t trace.Trace) []event {
	var all []event
	for i, e := range t.Exchanges {
		step := t.StepOf(i)
		all = append(all, event{e.Sent, i, false, step})
		if e.Answered > 0 {
			all = append(all, event{e.Answered, i, true, step})
		}
	}
	slices.SortFunc(all, func(a, b event) int { return a.at - b.at })
	return all
}

// order of the lanes: the way of a call, then who signs people in.
var order = []trace.Role{
	trace.Browser, trace.Client, trace.Access, trace.IdentityProvider, trace.Portal,
	trace.Gateway, trace.Upstream, trace.AuthorizationServer, trace.Admin,
}

// lanes are the parties that take part, from left to right.
func lanes(t trace.Trace) []trace.Party {
	var all []trace.Party
	for _, e := range t.Exchanges {
		for _, p := range []trace.Party{e.From, e.To} {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b trace.Party) int {
		if d := slices.Index(order, t.Role(a)) - slices.Index(order, t.Role(b)); d != 0 {
			return d
		}
		return strings.Compare(string(a), string(b))
	})
	return all
}

// Measures of the picture, in pixels.
const (
	width  = 960
	margin = 70
	top    = 84
	row    = 36 // from one arrow to the next
	band   = 34 // a step's heading
)

// Draw draws the trace. A trace of more than a few dozen exchanges is better
// split by step first.
func Draw(t trace.Trace, title string) []byte {
	p := picture{trace: t, lanes: lanes(t)}
	d := &svg.Document{Width: width, Title: title, Description: Text(t)}
	p.layout()
	d.Height = p.bottom + 24
	p.heading(d, title)
	p.lifelines(d)
	p.bands(d)
	for i, e := range p.events {
		p.arrow(d, e, p.y[i])
	}
	return d.Bytes()
}

type picture struct {
	trace    trace.Trace
	lanes    []trace.Party
	events   []event
	y        []int // of each event
	headings []heading
	bottom   int
}

type heading struct {
	text string
	y    int
}

// layout gives each event a height, and each group of events its headings.
func (p *picture) layout() {
	p.events = events(p.trace)
	y := top
	var headed []trace.Step
	for i, e := range p.events {
		if e.answer {
			y += row
			p.y = append(p.y, y-10)
			continue
		}
		if i == 0 || p.begins(e) && !slices.Contains(headed, e.step) {
			headed = p.steps(i)
			if interleave(headed) {
				slices.Sort(headed)
				headed = slices.Compact(headed)
				p.headings = append(p.headings, heading{names(headed), y})
				y += band
			} else {
				headed = nil
			}
		}
		if !slices.Contains(headed, e.step) {
			headed = append(headed, e.step)
			p.headings = append(p.headings, heading{names([]trace.Step{e.step}), y})
			y += band
		}
		y += row
		p.y = append(p.y, y-10)
	}
	p.bottom = y + 8
}

// steps are the steps of the i-th event and of what follows from it, each
// change of step once.
func (p *picture) steps(i int) []trace.Step {
	all := []trace.Step{p.events[i].step}
	for _, e := range p.events[i+1:] {
		if !e.answer && p.begins(e) {
			break
		}
		if !e.answer && e.step != all[len(all)-1] {
			all = append(all, e.step)
		}
	}
	return all
}

// interleave says whether a step comes back after another.
func interleave(steps []trace.Step) bool {
	sorted := slices.Clone(steps)
	slices.Sort(sorted)
	return len(slices.Compact(sorted)) < len(steps)
}

func names(steps []trace.Step) string {
	var all []string
	for _, step := range steps {
		name := step.String()
		if step <= trace.UpstreamRequest {
			name = fmt.Sprintf("%d  %s", step, name)
		}
		all = append(all, name)
	}
	return strings.Join(all, " · ")
}

// begins says whether an event is no consequence of another: a client, a
// browser or the portal's own clock began it. What happens inside goes back and
// forth between two steps, and is headed once.
func (p *picture) begins(e event) bool {
	role := p.trace.Role(p.trace.Exchanges[e.exchange].From)
	return role == trace.Client || role == trace.Browser || e.step == trace.BackgroundSync
}

func (p *picture) x(party trace.Party) int {
	i := slices.Index(p.lanes, party)
	if len(p.lanes) == 1 {
		return width / 2
	}
	return margin + i*(width-2*margin)/(len(p.lanes)-1)
}

func (p *picture) heading(d *svg.Document, title string) {
	d.Text(width/2, 26, title, svg.Ink, svg.Middle, true)
	for i, party := range p.lanes {
		y := 52
		if i%2 == 1 && len(p.lanes) > 6 {
			y = 70 // neighbours' names would touch
		}
		d.Text(p.x(party), y, label(party), svg.Ink, svg.Middle, true)
	}
}

// label is a party's name as a person would write it.
func label(party trace.Party) string {
	return strings.Replace(string(party), ".browser", "'s browser", 1)
}

func (p *picture) bands(d *svg.Document) {
	for _, h := range p.headings {
		d.Rect(8, h.y, width-16, band-8, svg.Band, "", false)
		d.Text(20, h.y+18, h.text, svg.Accent, svg.Start, true)
	}
}

func (p *picture) lifelines(d *svg.Document) {
	for _, party := range p.lanes {
		d.Line(p.x(party), top-8, p.x(party), p.bottom, svg.Quiet, true)
	}
}

func (p *picture) arrow(d *svg.Document, e event, y int) {
	x := p.trace.Exchanges[e.exchange]
	from, to, text, color := p.x(x.From), p.x(x.To), Asks(x), svg.Ink
	if e.answer {
		from, to, text, color = to, from, Answers(x), svg.Quiet
	}
	gap := 2
	if to < from {
		gap = -2
	}
	d.Arrow([][2]int{{from + gap, y}, {to - gap, y}}, color, e.answer, false, text)
	text = clip(text, width-40)
	half := svg.Width(text) / 2
	at := min(max((from+to)/2, 14+half), width-14-half)
	d.Text(at, y-6, text, color, svg.Middle, false)
}

// clip shortens a text to a width in pixels.
func clip(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		text = string(runes[:width]) // no letter is narrower than a pixel
	}
	for svg.Width(text) > width {
		runes := []rune(strings.TrimSuffix(text, "…"))
		text = string(runes[:len(runes)-1]) + "…"
	}
	return text
}
