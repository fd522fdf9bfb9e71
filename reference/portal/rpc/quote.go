package rpc

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Quote writes a string as JSON, escaping only what RFC 8259 §7 demands
// (encoding/json would also escape <, > and &). Bytes that are not UTF-8
// become U+FFFD.
func Quote(text string) json.RawMessage {
	text = strings.ToValidUTF8(text, "\uFFFD")
	out := make([]byte, 0, len(text)+2)
	out = append(out, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20:
			const digits = "0123456789abcdef"
			out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// Unquote reads a JSON string; false if the value is something else.
func Unquote(value json.RawMessage) (string, bool) {
	value = bytes.TrimSpace(value)
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return "", false
	}
	inside := value[1 : len(value)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return string(inside), true
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err == nil
}
