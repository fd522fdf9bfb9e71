// Package svg writes pictures that stand by themselves: no script, no font, no
// link, light and dark in one file, a name and a description for who cannot
// see them. One element per line and integers only, so that a difference
// between two pictures is a difference between two lines.
package svg

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode"
)

// Text is laid out in cells of a monospace font, so that no font measures it
// differently: a cell is 0.61 em wide, at 13 px just under 8.
const (
	Size = 13 // px of the text
	Cell = 8  // px per cell
	Line = 17 // px from one line of text to the next
)

// Cells is how many cells a text takes; wide characters take two.
func Cells(text string) int {
	n := 0
	for _, r := range text {
		n++
		if unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) || r >= 0x1F300 {
			n++
		}
	}
	return n
}

// Width is how many pixels a text takes.
func Width(text string) int { return Cells(text) * Cell }

// Document is a picture under construction.
type Document struct {
	Width, Height int
	Title         string // its accessible name
	Description   string // its accessible description: what is to be seen
	body          bytes.Buffer
}

// Color is a role, which each scheme gives a colour.
type Color string

// The roles.
const (
	Ink    Color = "ink"    // text and main lines
	Quiet  Color = "quiet"  // secondary text and lines
	Paper  Color = "paper"  // the background
	Panel  Color = "panel"  // boxes on it
	Accent Color = "accent" // the way of a call
	Detour Color = "detour" // what is optional
	Alone  Color = "alone"  // what the portal does by itself
	Band   Color = "band"   // background of a step
)

// Schemes are the colours of each role, for light and dark. Text roles have a
// contrast of at least 4.5 to paper, panel and band, line roles of at least 3
// (WCAG 2.2, 1.4.3 and 1.4.11); a test computes it.
var Schemes = map[string]map[Color]string{
	"light": {Ink: "#1c2430", Quiet: "#505b6b", Paper: "#ffffff", Panel: "#f4f6f9", Accent: "#a3410a", Detour: "#6d28a8", Alone: "#0b6b57", Band: "#eef1f6"},
	"dark":  {Ink: "#e8ecf2", Quiet: "#aeb8c6", Paper: "#12161d", Panel: "#1d232d", Accent: "#ffa366", Detour: "#cfa4f5", Alone: "#6fd6bd", Band: "#1a202a"},
}

var roles = []Color{Ink, Quiet, Paper, Panel, Accent, Detour, Alone, Band}

// Rect draws a box.
func (d *Document) Rect(x, y, w, h int, fill, stroke Color, dashed bool) {
	class := "f-" + string(fill)
	if stroke != "" {
		class += " s-" + string(stroke)
	}
	if dashed {
		class += " dash"
	}
	fmt.Fprintf(&d.body, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" class=\"%s\"/>\n", x, y, w, h, class)
}

// Anchor is which part of a text stands at its x.
type Anchor string

// The anchors.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Text writes a line, its baseline at y.
func (d *Document) Text(x, y int, text string, c Color, a Anchor, bold bool) {
	class := "t-" + string(c)
	if bold {
		class += " bold"
	}
	fmt.Fprintf(&d.body, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" class=\"%s\">%s</text>\n", x, y, a, class, escape(text))
}

// Line draws a line without a head.
func (d *Document) Line(x1, y1, x2, y2 int, c Color, dashed bool) {
	fmt.Fprintf(&d.body, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"%s\"/>\n", x1, y1, x2, y2, lineClass(c, dashed))
}

// Arrow draws a path with a head at its end, and one at its beginning if both.
// hover is what is said of it where a pointer rests.
func (d *Document) Arrow(points [][2]int, c Color, dashed, both bool, hover string) {
	var path strings.Builder
	for i, p := range points {
		fmt.Fprintf(&path, "%s%d %d", map[bool]string{true: "M", false: " L"}[i == 0], p[0], p[1])
	}
	ends := fmt.Sprintf("marker-end=\"url(#%s-%s)\"", d.id(), c)
	if both {
		ends = fmt.Sprintf("marker-start=\"url(#%s-%s)\" %s", d.id(), c, ends)
	}
	fmt.Fprintf(&d.body, "<g><title>%s</title>\n<path d=\"%s\" class=\"%s\" %s/>\n</g>\n", escape(hover), path.String(), lineClass(c, dashed), ends)
}

// Badge writes a number in a disc.
func (d *Document) Badge(x, y int, number string, c Color) {
	fmt.Fprintf(&d.body, "<circle cx=\"%d\" cy=\"%d\" r=\"11\" class=\"f-paper s-%s\"/>\n", x, y, c)
	d.Text(x, y+5, number, c, Middle, true)
}

func lineClass(c Color, dashed bool) string {
	class := "l s-" + string(c)
	if dashed {
		class += " dash"
	}
	return class
}

// id tells the document's marks from those of another on the same page.
func (d *Document) id() string {
	var h uint32 = 2166136261
	for _, b := range []byte(d.Title) {
		h = (h ^ uint32(b)) * 16777619
	}
	return fmt.Sprintf("p%08x", h)
}

// Bytes is the finished picture.
func (d *Document) Bytes() []byte {
	var b bytes.Buffer
	id := d.id()
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%[1]d\" height=\"%[2]d\" viewBox=\"0 0 %[1]d %[2]d\" role=\"img\" aria-labelledby=\"%[3]s-t\" aria-describedby=\"%[3]s-d\">\n", d.Width, d.Height, id)
	fmt.Fprintf(&b, "<title id=\"%s-t\">%s</title>\n<desc id=\"%s-d\">%s</desc>\n", id, escape(d.Title), id, escape(d.Description))
	b.WriteString(style())
	b.WriteString("<defs>\n")
	for _, c := range []Color{Ink, Quiet, Accent, Detour, Alone} {
		fmt.Fprintf(&b, "<marker id=\"%s-%s\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\" class=\"f-%s\"/></marker>\n", id, c, c)
	}
	b.WriteString("</defs>\n")
	fmt.Fprintf(&b, "<rect x=\"0\" y=\"0\" width=\"%d\" height=\"%d\" class=\"f-paper\"/>\n", d.Width, d.Height)
	b.Write(d.body.Bytes())
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// style is the colours of both schemes and the classes that use them.
func style() string {
	var b strings.Builder
	b.WriteString("<style>\n")
	fmt.Fprintf(&b, "text{font:%dpx ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",\"Liberation Mono\",monospace;paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}\n", Size)
	b.WriteString(".bold{font-weight:700}\n.l{fill:none;stroke-width:2}\n.dash{stroke-dasharray:6 4}\n")
	fmt.Fprintf(&b, ":root{%s}\n@media (prefers-color-scheme:dark){:root{%s}}\n", variables("light"), variables("dark"))
	for _, c := range roles {
		fmt.Fprintf(&b, ".f-%[1]s{fill:var(--%[1]s)}.s-%[1]s{stroke:var(--%[1]s)}.t-%[1]s{fill:var(--%[1]s)}\n", c)
	}
	b.WriteString("</style>\n")
	return b.String()
}

func variables(scheme string) string {
	var b strings.Builder
	for _, c := range roles {
		fmt.Fprintf(&b, "--%s:%s;", c, Schemes[scheme][c])
	}
	return b.String()
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
