package trace

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Named returns the trace with every opaque value (token, code, session id,
// key) replaced by a name given at its first appearance: "token-1",
// "session-1". The same value gets the same name wherever it travels, so that
// a passed-through token is visible; no secret is left, and equal stories give
// equal traces. Headers that only carry the time or the length are dropped,
// and an HTML page is reduced to its title.
func (t Trace) Named() Trace { return NewNamer(Numbers).Trace(t) }

// Trace is the trace with names for every opaque value that is in it, or that
// the namer saw before it, and otherwise as [Trace.Named] makes it.
func (n *Namer) Trace(t Trace) Trace {
	for _, e := range t.Exchanges {
		n.learn(e)
	}
	out := t
	out.Exchanges = make([]Exchange, len(t.Exchanges))
	for i, e := range t.Exchanges {
		out.Exchanges[i] = n.rename(e)
	}
	return out
}

// Style is how the names of one kind are told apart.
type Style int

// The styles of names.
const (
	Numbers Style = iota // token-1
	Letters              // token-A
)

// Namer gives names to opaque values as exchanges come in, for who looks on
// while they happen. It may not be used by several goroutines at once.
type Namer struct {
	style    Style
	names    map[string]string // value to name
	counts   map[string]int    // by kind
	replacer *strings.Replacer // of the names so far; nil: to be made anew
}

// NewNamer makes a namer that knows nothing yet.
func NewNamer(style Style) *Namer {
	return &Namer{style: style, names: map[string]string{}, counts: map[string]int{}}
}

// Named is the exchange with names for every opaque value that was seen in it
// or before it, and otherwise as [Trace.Named] makes it.
func (n *Namer) Named(e Exchange) Exchange {
	n.learn(e)
	return n.rename(e)
}

// Text is a text with names for every opaque value that was seen so far.
func (n *Namer) Text(text string) string {
	if n.replacer == nil {
		n.replacer = n.replace()
	}
	return n.replacer.Replace(text)
}

func (n *Namer) learn(e Exchange) {
	n.request(e.Request)
	if e.Response != nil {
		n.response(*e.Response)
	}
}

func (n *Namer) rename(e Exchange) Exchange {
	n.Text("")
	replace := n.replacer
	e.Request.URL = replace.Replace(e.Request.URL)
	e.Request.Header = rename(replace, e.Request.Header)
	e.Request.Body = replace.Replace(e.Request.Body)
	if e.Response != nil {
		r := *e.Response
		r.Body = replace.Replace(readable(r))
		r.Header = rename(replace, r.Header)
		e.Response = &r
	}
	e.Failure = replace.Replace(e.Failure)
	return e
}

// kinds says what an opaque value is called, by the name of the field,
// parameter or header that carries it.
var kinds = map[string]string{
	"access_token": "token", "refresh_token": "refresh-token", "id_token": "id-token",
	"code": "code", "state": "state", "nonce": "nonce", "identity_nonce": "nonce",
	"code_challenge": "challenge", "code_verifier": "verifier",
	"client_id": "client", "client_secret": "client-secret", "token": "token",
	"password": "password", "csrf": "csrf", "csrf_token": "csrf", "tx": "transaction", "grant": "grant",
	"n": "key", "kid": "key-id", "x": "key", "y": "key",
	"public_cert": "certificate", "cert": "certificate",
	"registration_access_token": "token", "sid": "session",
	"mcp-session-id": "session", "cf-access-jwt-assertion": "assertion",
	"cf-access-client-id": "service", "cf-access-client-secret": "service-secret",
}

// opaqueLength is how many characters a value needs to count as opaque at all:
// readable client ids and the like stay as they are.
const opaqueLength = 16

// lengthOf is how long a value of a kind must be to have a name: what people
// chose to be secret is secret at any length, but for what is too short to be
// told from ordinary words.
func lengthOf(kind string) int {
	if kind == "password" {
		return 4
	}
	return opaqueLength
}

func (n *Namer) name(kind, value string) {
	if kind == "" || len(value) < lengthOf(kind) || n.names[value] != "" || strings.HasPrefix(value, "https://") {
		return
	}
	n.counts[kind]++
	n.names[value] = kind + "-" + n.style.tell(n.counts[kind])
	n.replacer = nil
}

// tell is the n-th name of a kind, from 1.
func (s Style) tell(n int) string {
	if s == Numbers {
		return fmt.Sprint(n)
	}
	var letters string
	for ; n > 0; n = (n - 1) / 26 {
		letters = string(rune('A'+(n-1)%26)) + letters
	}
	return letters
}

func (n *Namer) request(r Request) {
	n.url(r.URL)
	n.header(r.Header)
	switch kind := r.Header.Get("Content-Type"); {
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		form, _ := url.ParseQuery(r.Body)
		n.values(form)
	case strings.HasPrefix(kind, "application/json"):
		n.json(r.Body)
	}
}

func (n *Namer) response(r Response) {
	n.header(r.Header)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		n.json(r.Body)
	}
}

func (n *Namer) header(h http.Header) {
	for _, key := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[key] {
			switch key {
			case "Authorization", "Proxy-Authorization":
				n.credential(value)
			case "Cookie", "Set-Cookie":
				n.cookies(value)
			case "Location":
				n.url(value)
			default:
				n.name(kinds[strings.ToLower(key)], value)
			}
		}
	}
}

// credential names the credential of an Authorization header, "Bearer …" or
// "Basic …".
func (n *Namer) credential(value string) {
	scheme, credential, _ := strings.Cut(value, " ")
	if strings.EqualFold(scheme, "Basic") {
		n.name("client-secret", credential)
		return
	}
	n.name("token", credential)
}

func (n *Namer) cookies(header string) {
	for pair := range strings.SplitSeq(header, ";") {
		if _, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
			n.name("cookie", value)
		}
	}
}

// url names the opaque parameters of a URL, and its path segments that no
// person would have chosen.
func (n *Namer) url(raw string) {
	u, err := url.Parse(raw)
	if err != nil {
		return
	}
	n.values(u.Query())
	for segment := range strings.SplitSeq(u.Path, "/") {
		if len(segment) >= 2*opaqueLength {
			n.name("ticket", segment)
		}
	}
}

// values names the opaque parameters of a query or a form; a parameter that
// holds a URL of its own is looked into.
func (n *Namer) values(v url.Values) {
	for _, key := range slices.Sorted(maps.Keys(v)) {
		for _, value := range v[key] {
			n.name(kindOf(key, value), value)
			if strings.Contains(value, "?") {
				n.url(value)
			}
		}
	}
}

// random is what a parameter of unknown meaning looks like if nobody chose it.
var random = regexp.MustCompile(`^[A-Za-z0-9_-]{22,}$`)

// kindOf is what an opaque parameter is called: by its known meaning, else by
// its own name.
func kindOf(key, value string) string {
	kind := kinds[strings.ToLower(key)]
	if kind == "" && random.MatchString(value) {
		kind = strings.ToLower(key)
	}
	return kind
}

// json names the opaque members of a JSON document, at any depth, in order of
// their names.
func (n *Namer) json(body string) {
	var document any
	if json.Unmarshal([]byte(body), &document) == nil {
		n.member("", document)
	}
}

func (n *Namer) member(key string, value any) {
	switch value := value.(type) {
	case string:
		n.name(kinds[strings.ToLower(key)], value)
		if strings.Contains(value, "://") && strings.Contains(value, "?") {
			n.url(value)
		}
	case []any:
		for _, item := range value {
			n.member(key, item)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			n.member(key, value[key])
		}
	}
}

// replace replaces every named value, the longest first, as it is and as it
// looks inside a URL or a JSON string.
func (n *Namer) replace() *strings.Replacer {
	values := slices.SortedFunc(maps.Keys(n.names), func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var pairs []string
	for _, value := range values {
		name := n.names[value]
		pairs = append(pairs, value, name)
		if escaped := url.QueryEscape(value); escaped != value {
			pairs = append(pairs, escaped, name)
		}
		if quoted, _ := json.Marshal(value); string(quoted) != `"`+value+`"` {
			pairs = append(pairs, strings.Trim(string(quoted), `"`), name)
		}
	}
	return strings.NewReplacer(pairs...)
}

// unnamed are headers that say nothing about what was exchanged.
var unnamed = map[string]bool{"Date": true, "Content-Length": true, "Accept-Encoding": true}

func rename(r *strings.Replacer, h http.Header) http.Header {
	out := http.Header{}
	for key, values := range h {
		if unnamed[key] {
			continue
		}
		for _, value := range values {
			out.Add(key, r.Replace(value))
		}
	}
	return out
}

// readable is the response's body; of an HTML page only the title, since the
// rest is for people.
func readable(r Response) string {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		return r.Body
	}
	_, rest, found := strings.Cut(r.Body, "<title>")
	title, _, closed := strings.Cut(rest, "</title>")
	if !found || !closed {
		return ""
	}
	return title
}
