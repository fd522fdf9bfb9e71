package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/diagrams/svg"
	"github.com/portico-mcp/portico/simulators/trace"
)

// box is where a node stands, in pixels.
type box struct{ x, y, w, h int }

const (
	width      = 960
	upstreamX  = 788
	upstreamW  = 152
	upstreamH  = 62
	upstreamY  = 176 // of the first
	upstreamDY = 92
)

// boxes are the places of the nodes that are always the same, and what each
// does.
var boxes = map[Node]struct {
	box
	does []string
}{
	Browser:             {box{16, 84, 128, 56}, []string{"of the person"}},
	IdentityProvider:    {box{248, 84, 176, 56}, []string{"knows the people"}},
	AuthorizationServer: {box{496, 84, 184, 56}, []string{"of an upstream"}},
	Client:              {box{16, 264, 128, 76}, []string{"wants tools"}},
	Access:              {box{248, 232, 176, 140}, []string{"protected resource", "authorization server", "OpenID client", "application token"}},
	Portal:              {box{516, 232, 160, 140}, []string{"sessions", "names", "credentials", "routing", "background sync"}},
	Gateway:             {box{620, 476, 116, 60}, []string{"(optional)"}},
}

// Draw draws what was observed in the traces. A hop that has no place in the
// picture is an error: leaving it out would be a lie.
func Draw(traces []trace.Trace, title string) ([]byte, error) {
	p := Observe(traces)
	for _, s := range p.Arrows {
		if _, ok := p.way(s.Arrow); !ok {
			return nil, fmt.Errorf("the picture has no place for %s", s.hover())
		}
	}
	rows := max(len(p.Upstreams), 3)
	bottom := max(upstreamY+rows*upstreamDY, 552)
	d := &svg.Document{Width: width, Height: bottom + 132, Title: title, Description: p.describe()}
	d.Text(width/2, 32, title, svg.Ink, svg.Middle, true)
	p.boxes(d)
	for _, s := range p.Arrows {
		p.arrow(d, s)
	}
	p.legend(d, bottom+16)
	return d.Bytes(), nil
}

// describe is the picture in words.
func (p Picture) describe() string {
	var all []string
	for _, s := range p.Arrows {
		var steps []string
		for _, step := range s.Steps {
			steps = append(steps, step.String())
		}
		all = append(all, fmt.Sprintf("%s to %s: %s.", s.From, s.To, strings.Join(steps, ", ")))
	}
	return strings.Join(all, " ")
}

// seen says whether a node takes part in any arrow.
func (p Picture) seen(n Node) bool {
	return slices.ContainsFunc(p.Arrows, func(s Sighting) bool { return s.From == n || s.To == n })
}

func (p Picture) boxes(d *svg.Document) {
	for _, n := range []Node{Browser, IdentityProvider, AuthorizationServer, Client, Access, Portal, Gateway} {
		if p.seen(n) {
			b := boxes[n]
			draw(d, b.box, string(n), b.does, n == Gateway)
		}
	}
	for i, u := range p.Upstreams {
		draw(d, upstreamBox(i), u.Name, []string{u.Credential}, false)
	}
}

func draw(d *svg.Document, b box, name string, does []string, optional bool) {
	stroke := svg.Quiet
	if optional {
		stroke = svg.Detour
	}
	d.Rect(b.x, b.y, b.w, b.h, svg.Panel, stroke, optional)
	d.Text(b.x+b.w/2, b.y+24, name, svg.Ink, svg.Middle, true)
	for i, line := range does {
		d.Text(b.x+b.w/2, b.y+44+i*svg.Line, line, svg.Quiet, svg.Middle, false)
	}
}

func upstreamBox(i int) box {
	return box{upstreamX, upstreamY + i*upstreamDY, upstreamW, upstreamH}
}

// route is how an arrow runs, where its badges stand, and how it looks.
type route struct {
	points [][2]int
	badge  [2]int
	color  svg.Color
	dashed bool
}

// routes are the ways between the nodes that are always the same.
var routes = map[Arrow]route{
	{Client, Access, false}:               {[][2]int{{144, 312}, {248, 312}}, [2]int{160, 290}, svg.Accent, false},
	{Browser, Access, false}:              {[][2]int{{110, 140}, {110, 250}, {248, 250}}, [2]int{110, 200}, svg.Ink, false},
	{Browser, IdentityProvider, false}:    {[][2]int{{144, 112}, {248, 112}}, [2]int{196, 112}, svg.Ink, false},
	{Browser, AuthorizationServer, false}: {[][2]int{{80, 84}, {80, 58}, {588, 58}, {588, 84}}, [2]int{336, 58}, svg.Ink, false},
	{Access, IdentityProvider, false}:     {[][2]int{{336, 232}, {336, 140}}, [2]int{336, 186}, svg.Ink, false},
	{Access, Portal, false}:               {[][2]int{{424, 302}, {516, 302}}, [2]int{446, 280}, svg.Accent, false},
	{Portal, Access, false}:               {[][2]int{{516, 352}, {424, 352}}, [2]int{470, 352}, svg.Ink, false},
	{Portal, AuthorizationServer, false}:  {[][2]int{{560, 232}, {560, 140}}, [2]int{560, 186}, svg.Ink, false},
	{Portal, AuthorizationServer, true}:   {[][2]int{{630, 232}, {630, 140}}, [2]int{0, 0}, svg.Alone, true},
	{Portal, Gateway, false}:              {[][2]int{{560, 372}, {560, 506}, {620, 506}}, [2]int{560, 440}, svg.Detour, true},
}

// way is the route of an arrow; towards upstreams it depends on which.
func (p Picture) way(a Arrow) (route, bool) {
	if r, ok := routes[a]; ok {
		return r, true
	}
	i := slices.IndexFunc(p.Upstreams, func(u Upstream) bool { return Node(u.Name) == a.To })
	if i < 0 {
		return route{}, false
	}
	b := upstreamBox(i)
	middle := b.y + b.h/2
	switch {
	case a.From == Gateway:
		return route{[][2]int{{736, 506}, {952, 506}, {952, middle + 12}, {b.x + b.w, middle + 12}}, [2]int{844, 506}, svg.Detour, true}, true
	case a.From == Portal && a.Sync:
		return route{[][2]int{{676, 248}, {700, 248}, {700, middle - 16}, {b.x, middle - 16}}, [2]int{0, 0}, svg.Alone, true}, true
	case a.From == Portal:
		return route{[][2]int{{676, 320}, {724, 320}, {724, middle + 14}, {b.x, middle + 14}}, [2]int{743, middle + 14}, svg.Accent, false}, true
	default:
		return route{}, false
	}
}

// arrow draws a sighting with a badge for each of the five steps it was seen in.
func (p Picture) arrow(d *svg.Document, s Sighting) {
	r, _ := p.way(s.Arrow)
	d.Arrow(r.points, r.color, r.dashed, s.Answered, s.hover())
	x := r.badge[0]
	for _, step := range s.Steps {
		if step <= trace.UpstreamRequest && r.badge[0] > 0 {
			d.Badge(x, r.badge[1], fmt.Sprint(int(step)), r.color)
			x += 24
		}
	}
}

// legend explains every line and number.
func (p Picture) legend(d *svg.Document, y int) {
	d.Rect(24, y, width-48, 104, svg.Panel, svg.Quiet, false)
	lines := []struct {
		text   string
		color  svg.Color
		dashed bool
	}{
		{"signing in; answers return on their lines", svg.Ink, false},
		{"the way of a call", svg.Accent, false},
		{"the same, through the gateway", svg.Detour, true},
		{"background sync, straight to the server", svg.Alone, true},
	}
	for i, l := range lines {
		x, ly := 44+(i%2)*460, y+26+(i/2)*24
		d.Arrow([][2]int{{x, ly - 4}, {x + 44, ly - 4}}, l.color, l.dashed, true, l.text)
		d.Text(x+56, ly, l.text, svg.Ink, svg.Start, false)
	}
	var steps []string
	for step := trace.Connect; step <= trace.UpstreamRequest; step++ {
		steps = append(steps, fmt.Sprintf("%d %s", step, step))
	}
	d.Text(width/2, y+88, strings.Join(steps, " · "), svg.Ink, svg.Middle, false)
}
