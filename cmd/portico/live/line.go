package live

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// column is how wide the left half of a line is: the hops towards the portal
// stand there, those from the portal on to the right of it.
const column = 44

// Line is an exchange as a line: when, which hop, what was asked, with which
// credential, what came back and how long it took. What servers and clients
// call themselves and their tools cannot move the cursor.
func Line(s network.Seen, roles map[trace.Party]trace.Role) string {
	hop := fmt.Sprintf("%s → %s", party(s.From), party(s.To))
	asked := s.Request.Method + " " + s.Path()
	if m := s.Asked(); m.Method != "" {
		asked = strings.TrimSpace(m.Method + " " + m.Name())
	}
	text := fmt.Sprintf("%-22s %s", hop, asked)
	if c := Credential(s.Exchange); c != "" {
		text += "  " + c
	}
	text += "  " + outcome(s)
	if !front(s.Exchange, roles) {
		text = fmt.Sprintf("%*s%s", column, "", text)
	}
	return s.At.Format("15:04:05.000") + "  " + strings.ReplaceAll(Printable(text), "\n", "�")
}

// front says whether a hop is one towards the portal: from a client or a
// browser.
func front(e trace.Exchange, roles map[trace.Party]trace.Role) bool {
	from := roles[e.From]
	return from == trace.Client || from == trace.Browser || e.From == ""
}

func party(p trace.Party) string {
	if p == "" {
		return "client" // one that nobody here dialled for
	}
	return string(p)
}

// Credential is what a request shows who asks with, by the names that a
// [trace.Namer] gave; empty: nothing.
func Credential(e trace.Exchange) string {
	var shown []string
	for _, name := range []string{"Authorization", "Cf-Access-Jwt-Assertion", "Cf-Access-Client-Id", "X-Api-Key", "Mcp-Session-Id"} {
		value := e.Request.Header.Get(name)
		if scheme, credential, ok := strings.Cut(value, " "); ok && name == "Authorization" && scheme != "" {
			value = credential
		}
		if value != "" {
			shown = append(shown, value)
		}
	}
	return strings.Join(shown, " ")
}

func outcome(s network.Seen) string {
	switch {
	case s.Failure != "":
		return "failed: " + s.Failure
	case s.Response == nil:
		return "…"
	}
	said := fmt.Sprint(s.Response.Status)
	for _, m := range s.Told() {
		if m.Error != nil {
			said += " error"
		}
	}
	if s.Answered == 0 {
		return said + " …"
	}
	return fmt.Sprintf("%s  %s", said, short(s.Took))
}

func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	default:
		return d.Round(10 * time.Millisecond).String()
	}
}

// Printable replaces what a terminal would obey; line ends and tabs stay.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '�'
		}
		return r
	}, text)
}
