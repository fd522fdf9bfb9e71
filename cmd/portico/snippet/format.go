package snippet

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Format is the language of a snippet.
type Format string

// The formats.
const (
	JSON       Format = "json"
	TOML       Format = "toml"
	YAML       Format = "yaml"
	Shell      Format = "shell" // POSIX
	TypeScript Format = "typescript"
	Go         Format = "go"
	Python     Format = "python"
)

// writer writes values of one format.
type writer struct {
	literal func(string) string
	key     func(string) string
	token   string
}

func (f Format) writer() (writer, error) {
	switch f {
	case TOML:
		return writer{quoteJSON, bareTOML, `"<TOKEN>"`}, nil
	case Shell:
		return writer{quoteShell, quoteShell, "$TOKEN"}, nil
	case Go:
		return writer{strconv.Quote, strconv.Quote, `os.Getenv("TOKEN")`}, nil
	case JSON, YAML, TypeScript, Python:
		return writer{quoteJSON, quoteJSON, `"<TOKEN>"`}, nil
	default:
		return writer{}, fmt.Errorf("unknown format %q", f)
	}
}

// quoteJSON is a string of JSON, which is also one of JavaScript, Python, TOML
// and YAML: without control characters all of them read it alike (RFC 8259 §7,
// TOML 1.0 "String", YAML 1.2.2 §7.3.1). A & stays as it is, unlike in
// json.Marshal: people read these URLs.
func quoteJSON(s string) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(out.String(), "\n")
}

var bare = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// bareTOML leaves away the quotes that a key does not need.
func bareTOML(s string) string {
	if bare.MatchString(s) {
		return s
	}
	return quoteJSON(s)
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// quoteShell is one word of a POSIX shell, which expands nothing in it.
func quoteShell(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
