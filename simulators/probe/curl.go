package probe

import (
	"net/url"
	"slices"
	"strings"
)

// sessionVariable stands for a session id in a command.
const sessionVariable = "MCP_SESSION_ID"

// curl is a command that repeats an exchange. Credentials, session ids and the
// values of a query are shell variables in it.
func (l *line) curl(x *exchange) string {
	words := []string{"curl", "-i"}
	if x.ask.verb == "GET" {
		words[1] = "-iN"
	} else if x.ask.verb != "POST" {
		words = append(words, "-X", x.ask.verb)
	}
	words = append(words, shellURL(x.ask.at))
	for _, name := range sortedNames(x.ask.header) {
		value := x.ask.header.Get(name)
		if name == headerSession && !x.ask.madeUp {
			words = append(words, "-H", secretHeader(name, sessionVariable))
			continue
		}
		words = append(words, "-H", shell(name+": "+value))
	}
	if !x.ask.anonymous {
		for _, name := range l.credentials {
			words = append(words, "-H", secretHeader(name, variable(name)))
		}
	}
	if x.ask.body != nil {
		words = append(words, "-d", shell(string(x.ask.body)))
	}
	return harmless(strings.Join(words, " "), 4_000)
}

func shellURL(u *url.URL) string {
	base, query := divide(u)
	if query == nil {
		return shell(base)
	}
	text, literal := "", base+"?"
	for _, q := range query {
		text += shell(literal+q.name+"=") + `"$` + variable(q.name) + `"`
		literal = "&"
	}
	return text
}

func secretHeader(name, variable string) string {
	return `"` + name + `: $` + variable + `"`
}

// variable is the shell variable for a name: X-Api-Key is X_API_KEY.
func variable(name string) string {
	mapped := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, name)
	if mapped == "" || mapped[0] >= '0' && mapped[0] <= '9' {
		return "_" + mapped
	}
	return mapped
}

// shell quotes a word for a POSIX shell.
func shell(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func sortedNames(h map[string][]string) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
