package probe

import (
	"iter"
	"strings"
)

// challenges are the challenges of a WWW-Authenticate header and their
// parameters, names in lower case (RFC 9110 §11.6.1). A word followed by "="
// belongs to the challenge before it; any other word begins one.
func challenges(line string) iter.Seq2[string, map[string]string] {
	return func(yield func(string, map[string]string) bool) {
		scheme, parameters := "", map[string]string{}
		for line != "" {
			line = strings.TrimLeft(line, " \t,")
			end := strings.IndexAny(line, " \t,=")
			if end < 0 {
				end = len(line)
			}
			word := line[:end]
			line = strings.TrimLeft(line[end:], " \t")
			value, isParameter := strings.CutPrefix(line, "=")
			if !isParameter {
				if scheme != "" && !yield(scheme, parameters) {
					return
				}
				scheme, parameters = word, map[string]string{}
				continue
			}
			parameters[strings.ToLower(word)], line = unquote(strings.TrimLeft(value, " \t="))
		}
		if scheme != "" {
			yield(scheme, parameters)
		}
	}
}

// unquote takes a token or a quoted string (RFC 9110 §5.6.4) off a text.
func unquote(text string) (value, rest string) {
	quoted, ok := strings.CutPrefix(text, `"`)
	if !ok {
		end := strings.IndexAny(text, " \t,")
		if end < 0 {
			return text, ""
		}
		return text[:end], text[end:]
	}
	var b strings.Builder
	for i := 0; i < len(quoted); i++ {
		switch {
		case quoted[i] == '"':
			return b.String(), quoted[i+1:]
		case quoted[i] == '\\' && i+1 < len(quoted):
			i++
		}
		b.WriteByte(quoted[i])
	}
	return "", "" // it never ends
}
