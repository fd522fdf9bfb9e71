package live

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBodiesAreReadable(t *testing.T) {
	for _, c := range []struct{ kind, body, want string }{
		{"application/json", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, "JSON-RPC request\n{\n  \"jsonrpc\": \"2.0\",\n  \"id\": 1,\n  \"method\": \"ping\"\n}"},
		{"application/json", `{"a":1e400}`, "JSON\n{\n  \"a\": 1e400\n}"},
		{"application/json; charset=utf-8", `{"a":`, "body\n{\"a\":"},
		{"application/jwk-set+json", `[]`, "JSON\n[]"},
		{"application/x-www-form-urlencoded", "a=b+c&d=%3C%0A&e", "form\na = b c\nd = <\n\ne = "},
		{"text/plain", "a\x00\u202eb\xff", "body\na␀⟨U+202E⟩b⟨U+FFFD⟩"},
		{"", "", ""},
		{"text/event-stream", ": hello\n\nid: 7\r\nevent: message\r\ndata: {\"jsonrpc\":\"2.0\",\r\ndata: \"method\":\"notifications/progress\"}\r\n\r\ndata: x",
			"event 1, no data\n: hello\n" + "event 2, JSON-RPC notification\nid: 7\nevent: message\n{\n  \"jsonrpc\": \"2.0\",\n  \"method\": \"notifications/progress\"\n}" + "event 3, body\nx"},
	} {
		var got string
		for _, p := range parts(http.Header{"Content-Type": {c.kind}}, c.body) {
			got += p.Title + "\n" + p.Text + p.Note
		}
		if got != c.want {
			t.Errorf("%s %q is shown as\n%q, want\n%q", c.kind, c.body, got, c.want)
		}
	}
}

func TestLargeBodiesAreCut(t *testing.T) {
	for kind, body := range map[string]string{
		"application/json": `["` + strings.Repeat("ü", 1<<20) + `"]`, "text/plain": "x" + strings.Repeat("ü", 1<<20),
		"text/event-stream":                 strings.Repeat("data: {\"a\":[[[[1]]]]}\n\n", 1<<16),
		"application/x-www-form-urlencoded": strings.Repeat("a=%3C&", 1<<18),
		"application/json;deep":             strings.Repeat("[", 40<<10) + strings.Repeat("]", 40<<10),
		"application/json;deepest":          strings.Repeat("[", 9999) + strings.Repeat(" ", mostBody) + strings.Repeat("]", 9999),
	} {
		size, noted := 0, false
		for _, p := range parts(http.Header{"Content-Type": {kind}}, body) {
			size += len(p.Text)
			noted = noted || p.Note != ""
			if strings.ContainsRune(p.Text, utf8.RuneError) || strings.Contains(p.Text, "U+FFFD") {
				t.Errorf("%s: half a character is shown", kind)
			}
		}
		if size > 4*mostBody || !noted {
			t.Errorf("%s: %d bytes are shown of %d, and it is said: %t", kind, size, len(body), noted)
		}
	}
}

func TestOutcomesAreForgottenInTime(t *testing.T) {
	o := outcomes{all: map[string]effect{}}
	first := o.keep(effect{Text: "first"})
	if one := o.find(first); one == nil || one.Text != "first" {
		t.Fatal("an outcome is not kept")
	}
	for i := range kept {
		o.keep(effect{Text: fmt.Sprint(i)})
	}
	if o.find(first) != nil || len(o.all) != kept || o.find("") != nil {
		t.Errorf("%d outcomes are kept", len(o.all))
	}
}
