package client

import (
	"net/http"
	"strings"
)

// challenge is one challenge of a WWW-Authenticate header (RFC 9110 §11.6.1).
type challenge struct {
	scheme     string            // lower case
	parameters map[string]string // names in lower case; of two of a name the first
}

// bearer is the Bearer challenge of a response (RFC 6750 §3); the zero challenge
// if there is none.
func bearer(h http.Header) challenge {
	for _, c := range parseChallenges(strings.Join(h.Values("WWW-Authenticate"), ", ")) {
		if c.scheme == "bearer" {
			return c
		}
	}
	return challenge{}
}

// parseChallenges reads a list of challenges as far as it keeps to the grammar.
// A word followed by "=" belongs to the challenge before it; any other word
// begins one.
func parseChallenges(line string) []challenge {
	var all []challenge
	p := scanner{rest: line}
	for {
		p.skip(" \t,")
		word := p.token()
		if word == "" {
			return all
		}
		p.skip(" \t")
		if !strings.HasPrefix(p.rest, "=") {
			all = append(all, challenge{scheme: strings.ToLower(word), parameters: map[string]string{}})
			continue
		}
		value, ok := p.value()
		if !ok || len(all) == 0 {
			return all
		}
		parameters := all[len(all)-1].parameters
		if name := strings.ToLower(word); parameters[name] == "" {
			parameters[name] = value
		}
	}
}

type scanner struct{ rest string }

func (p *scanner) skip(chars string) { p.rest = strings.TrimLeft(p.rest, chars) }

// token takes a token (RFC 9110 §5.6.2), or a token68 short of its padding.
func (p *scanner) token() string {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return !isTokenChar(r) && r != '/' })
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word
}

// value takes "=" and a token or a quoted string (RFC 9110 §5.6.4). The padding
// of a token68 is a value without characters.
func (p *scanner) value() (string, bool) {
	p.skip("=")
	p.skip(" \t")
	quoted, ok := strings.CutPrefix(p.rest, `"`)
	if !ok {
		return p.token(), true
	}
	var value strings.Builder
	for i := 0; i < len(quoted); i++ {
		switch c := quoted[i]; {
		case c == '"':
			p.rest = quoted[i+1:]
			return value.String(), true
		case c == '\\' && i+1 < len(quoted):
			i++
			value.WriteByte(quoted[i])
		default:
			value.WriteByte(c)
		}
	}
	return "", false
}

func isTokenChar(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' ||
		r != 0 && strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}
