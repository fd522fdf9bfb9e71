package probe

import (
	"bufio"
	"cmp"
	"io"
	"slices"
	"strings"
)

// marks stand before a Finding's line.
var marks = map[Level]string{Stop: "✗", Warn: "!", Note: "·"}

// Write writes the report for a person: what the server is, then a line for
// every topic that is in order and for every finding. Control characters in what
// the server said are gone. The error is that of w.
func (r Report) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	line := func(parts ...string) { _, _ = b.WriteString(harmless(strings.Join(parts, ""), 8_000) + "\n") } // Flush says what went wrong
	line(r.headline())
	for _, topic := range r.inOrder() {
		line("✓ ", topic)
	}
	told := map[string]string{}
	for _, f := range r.Findings {
		line(marks[f.Level], " ", f.Rule, ": ", f.Sentence)
		line("    rule: ", f.Why)
		switch first, again := told[f.See]; {
		case again:
			line("    see:  as for ", first)
		case f.See != "":
			line("    see:  ", f.See)
			told[f.See] = f.Rule
		}
	}
	if slices.ContainsFunc(r.Findings, func(f Finding) bool { return strings.Contains(f.See, "$"+sessionVariable) }) {
		line(sessionVariable, " is in the answer to: ", r.Opening)
	}
	return b.Flush()
}

// headline says what the server is.
func (r Report) headline() string {
	name := strings.TrimSpace(r.ServerName + " " + r.ServerVersion)
	prefix := ""
	if r.ID != "" {
		prefix = r.ID + ": "
	}
	text := prefix + cmp.Or(name, "a server without a name") + " at " + r.URL
	if !r.Reachable {
		return text + ", not reached"
	}
	parts := []string{text, r.Transport.words()}
	if len(r.Revisions) > 0 {
		parts = append(parts, list(r.Revisions))
	}
	if r.Transport == StreamableHTTP {
		offer := count(r.Tools, "tool") + " and " + count(r.Prompts, "prompt")
		if r.ListTook > 0 {
			offer += " (listed in " + seconds(r.ListTook) + ")"
		}
		parts = append(parts, offer)
	}
	return strings.Join(append(parts, r.Auth.words()), ", ")
}

func (t Transport) words() string {
	return map[Transport]string{StreamableHTTP: "Streamable HTTP", LegacySSE: "HTTP+SSE", NotMCP: "no MCP that shows"}[t]
}

func (a Auth) words() string {
	switch a.Kind {
	case AuthBearer:
		return "wants a credential"
	case AuthOAuth:
		return "OAuth at " + cmp.Or(a.AuthorizationServer, "an unnamed authorization server")
	default:
		return "no sign-in"
	}
}

// inOrder are the topics that were looked at and have nothing worse than a note.
func (r Report) inOrder() []string {
	var topics []string
	held, bad := map[string]int{}, map[string]bool{}
	for _, rule := range Rules {
		if !slices.Contains(topics, rule.Topic) {
			topics = append(topics, rule.Topic)
		}
		if slices.Contains(r.Passed, rule.ID) {
			held[rule.Topic]++
		}
		bad[rule.Topic] = bad[rule.Topic] || slices.ContainsFunc(r.Findings, func(f Finding) bool {
			return f.Rule == rule.ID && f.Level != Note
		})
	}
	var lines []string
	for _, t := range topics {
		if held[t] > 0 && !bad[t] {
			lines = append(lines, t+": "+one(held[t], "the rule that applies holds", count(held[t], "rule")+" hold"))
		}
	}
	return lines
}
