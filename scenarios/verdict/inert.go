package verdict

import (
	"fmt"
	"strings"
	"unicode"
)

// Inert is text as it can be shown on a terminal: what a hostile target put
// into a name or a body moves no cursor, changes no colour and turns no line
// around. Control characters but newline and tab, and the marks that override
// the direction of text, are written as Go would escape them.
func Inert(text string) string {
	if !strings.ContainsFunc(text, active) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if active(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func active(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}
