package live

import (
	"bytes"
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode"
)

//go:embed page
var pageFiles embed.FS

// pageTemplates are the pages. What stands in them has been made visible
// before; html/template escapes it for the place it stands in.
var pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{
	"pair": with, "visible": visible,
	"list":   func(all ...string) []string { return all },
	"rowsOf": func(r *row) []row { return []row{*r} },
}).ParseFS(pageFiles, "page/*.html"))

// with gives a template more than one value: name, value, name, value.
func with(pairs ...any) map[string]any {
	all := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		all[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return all
}

// policy lets the page load its own style and script and talk to itself, and
// nothing else (Content Security Policy Level 3).
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guardHeaders are those of every answer of the page. The referrer policy is not
// no-referrer: under that a form's Origin is "null" (Fetch Standard, "append a
// request Origin header"), and the control port wants to see its own.
func guardHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// show answers with a template; a half page is never sent.
func show(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "the page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// fragment is a template as text.
func fragment(name string, data any) (string, error) {
	var b strings.Builder
	err := pageTemplates.ExecuteTemplate(&b, name, data)
	return b.String(), err
}

// visible shows what came over a wire: control characters as their pictures,
// and by their number those that turn the direction of the text, have no width
// or are no character at all. Line ends and tabs stay.
func visible(text string) string {
	plain := func(r rune) bool {
		return r == '\n' || r == '\t' || !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) && r != unicode.ReplacementChar
	}
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case plain(r):
			b.WriteRune(r)
		case r < 0x20:
			b.WriteRune(0x2400 + r) // Unicode block Control Pictures
		case r == 0x7f:
			b.WriteRune('␡')
		default:
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		}
	}
	return b.String()
}

// effect is what an order from the page came to. It is kept for the page that
// is shown after it (303, RFC 9110 §15.4.4).
type effect struct {
	At     string // the section it is shown in
	Text   string
	Failed bool
	Call   *Called // of a tool; nil: it was none
	Rows   []row   // the hops of that call
}

// outcomes are the latest ones, each by a name that cannot be guessed: what is
// shown cannot be put into somebody's address bar.
type outcomes struct {
	mu    sync.Mutex
	names []string
	all   map[string]effect
}

// kept is how many outcomes can still be shown.
const kept = 32

func (o *outcomes) keep(one effect) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := rand.Text()
	o.names = append(o.names, name)
	o.all[name] = one
	if len(o.names) > kept {
		delete(o.all, o.names[0])
		o.names = o.names[1:]
	}
	return name
}

func (o *outcomes) find(name string) *effect {
	o.mu.Lock()
	defer o.mu.Unlock()
	if one, ok := o.all[name]; ok {
		return &one
	}
	return nil
}

// sections are where an outcome can be shown.
var sections = map[string]bool{"people": true, "servers": true, "faults": true, "call": true, "do": true}

// back is the address of the page after an order: the filter that was set, and
// the section it was given in.
func back(form url.Values, name, section string) string {
	q := url.Values{"done": {name}}
	for _, key := range []string{"match", "at"} {
		if v := form.Get(key); v != "" {
			q.Set(key, v)
		}
	}
	return "/?" + q.Encode() + "#" + section
}
