package svg_test

import (
	"encoding/xml"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/diagrams/svg"
)

// contrast is the ratio of two colours, WCAG 2.2 "contrast ratio".
func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(color, "#"), 16, 32)
	if err != nil || len(color) != 7 {
		t.Fatalf("%q is no colour", color)
	}
	weight := []float64{0.2126, 0.7152, 0.0722}
	sum := 0.0
	for i := range 3 {
		c := float64(n>>(16-8*i)&0xff) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight[i] * c
	}
	return sum
}

func TestEverythingCanBeRead(t *testing.T) {
	for name, scheme := range svg.Schemes {
		for _, behind := range []svg.Color{svg.Paper, svg.Panel, svg.Band} {
			for _, role := range []svg.Color{svg.Ink, svg.Quiet, svg.Accent, svg.Detour, svg.Alone} {
				if got := contrast(t, scheme[role], scheme[behind]); got < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", name, role, behind, got)
				}
			}
		}
	}
}

func draw() []byte {
	d := &svg.Document{Width: 100, Height: 50, Title: `a <b> & "c"`, Description: "what is seen"}
	d.Rect(1, 2, 3, 4, svg.Panel, svg.Ink, true)
	d.Text(5, 6, "<script>alert(1)</script>", svg.Ink, svg.Middle, true)
	d.Arrow([][2]int{{0, 0}, {10, 0}, {10, 10}}, svg.Accent, true, true, "hover & rest")
	d.Badge(7, 8, "1", svg.Ink)
	return d.Bytes()
}

func TestADocumentStandsByItself(t *testing.T) {
	out := string(draw())
	dec := xml.NewDecoder(strings.NewReader(out))
	for {
		_, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for _, want := range []string{`role="img"`, "<title id=", "<desc id=", "prefers-color-scheme:dark", "&lt;script&gt;", `orient="auto-start-reverse"`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	for _, never := range []string{"<script", "href", "@import", "textLength", "foreignObject"} {
		if strings.Contains(out, never) {
			t.Errorf("%s in\n%s", never, out)
		}
	}
	if string(draw()) != out {
		t.Error("the same picture twice is not the same")
	}
}

func TestWideCharactersTakeTwoCells(t *testing.T) {
	for text, want := range map[string]int{"abc": 3, "äß…": 3, "漢字": 4, "": 0} {
		if got := svg.Cells(text); got != want {
			t.Errorf("%q takes %d cells, want %d", text, got, want)
		}
	}
}
