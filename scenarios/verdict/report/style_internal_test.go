package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// WCAG 2.2, 1.4.3: what is read has a contrast of at least 4.5, in both schemes.
func TestEverythingCanBeRead(t *testing.T) {
	light, dark, found := strings.Cut(pageStyle, "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("there is no dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "* {")
	for name, scheme := range map[string]map[string]string{"light": colors(light), "dark": colors(dark)} {
		pairs := [][2]string{{"onstrong", "strong"}, {"onloud", "loud"}, {"accent", "paper"}, {"accent", "band"}, {"ink", "band"}, {"quiet", "band"}}
		for _, text := range []string{"ink", "quiet", "link", "bad", "good", "warn", "neutral"} {
			for _, behind := range []string{"paper", "panel", "sunk"} {
				pairs = append(pairs, [2]string{text, behind})
			}
		}
		for _, p := range pairs {
			if got := contrast(t, scheme[p[0]], scheme[p[1]]); got < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, p[0], p[1], got)
			}
		}
		if got := contrast(t, scheme["edge"], scheme["paper"]); got < 3 {
			t.Errorf("%s: the edge of a field has a contrast of %.2f", name, got)
		}
	}
}

func colors(css string) map[string]string {
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z]+): #([0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
		all[m[1]] = m[2]
	}
	return all
}

// contrast is the ratio of two colours, WCAG 2.2 "contrast ratio".
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(color, 16, 32)
	if err != nil {
		t.Fatalf("%q is no colour", color)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(n>>(16-8*i)&0xff) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
