package probe

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The revisions a server is asked for.
const (
	stateful  = "2025-11-25"
	stateless = "2026-07-28"
)

// evidence is what a server was asked and what came back. Each exchange is nil
// if it was not made.
type evidence struct {
	id        string
	asked, at *url.URL // the URL that was given, and the one a redirect of the same origin led to
	line      *line
	all       []*exchange
	late      bool // the time for everything ran out

	redirect    *exchange // the first answer, if it was a redirect
	discover    *exchange // server/discover
	anonymous   *exchange // the same without the credential
	initialize  *exchange
	initialized *exchange // the notification
	stream      *exchange // GET

	supported              []string // of discover
	negotiated, session    string   // of initialize
	capabilities           map[string]json.RawMessage
	tools, prompts         listing
	lost, unnamed          *exchange // with a session id that is made up, and without one
	foreign, typed, narrow *exchange // with a foreign Origin, a wrong Content-Type, a narrow Accept
	signin                 signin
}

// gather asks everything. The error is ErrUnreachable.
func (e *evidence) gather(ctx context.Context) error {
	e.meet(ctx)
	if t := e.discover.failed; t != nil && (t.kind == unreached || t.kind == untrusted) {
		if t.kind == unreached {
			return failure{ErrUnreachable, t.words}
		}
		return nil
	}
	e.anonymous = e.discover
	if e.line.authorize != nil {
		q := e.modern("server/discover", nil)
		q.anonymous = true
		e.anonymous = e.put(ctx, q)
	}
	e.open(ctx)
	if !e.spoken() {
		e.listen(ctx)
		e.lookAtSignIn(ctx)
		return nil
	}
	e.tools = e.list(ctx, "tools")
	if _, has := e.capabilities["tools"]; !has && e.tools.first().fault != nil {
		e.tools.fails = "" // a server that declares no tools need not know the method
	}
	if _, has := e.capabilities["prompts"]; has {
		e.prompts = e.list(ctx, "prompts")
	}
	e.listen(ctx)
	e.provoke(ctx)
	e.lookAtSignIn(ctx)
	return nil
}

// put makes an exchange and keeps it.
func (e *evidence) put(ctx context.Context, q request) *exchange {
	x := e.line.do(ctx, q)
	e.all = append(e.all, x)
	return x
}

// meet asks server/discover, and follows redirects as long as they stay at the
// origin.
func (e *evidence) meet(ctx context.Context) {
	const most = 3
	for range most {
		e.discover = e.put(ctx, e.modern("server/discover", nil))
		if e.discover.status/100 != 3 {
			break
		}
		if e.redirect == nil {
			e.redirect = e.discover
		}
		next, ok := e.discover.location()
		if !ok || next.Scheme != e.at.Scheme || next.Host != e.at.Host || next.User != nil {
			break
		}
		e.at = next
	}
	var result struct {
		Supported    []string                   `json:"supportedVersions"`
		Capabilities map[string]json.RawMessage `json:"capabilities"`
	}
	if e.discover.good() && json.Unmarshal(e.discover.result, &result) == nil {
		e.supported, e.capabilities = result.Supported, result.Capabilities
	}
}

// location is where a redirect points.
func (x *exchange) location() (*url.URL, bool) {
	if x == nil || x.status/100 != 3 || x.header.Get("Location") == "" {
		return nil, false
	}
	to, err := x.ask.at.Parse(x.header.Get("Location"))
	return to, err == nil
}

// open opens a session, or learns that there are none.
func (e *evidence) open(ctx context.Context) {
	e.initialize = e.put(ctx, e.stateful("initialize", map[string]any{
		"protocolVersion": stateful, "capabilities": struct{}{}, "clientInfo": clientInfo,
	}))
	var result struct {
		Revision     string                     `json:"protocolVersion"`
		Capabilities map[string]json.RawMessage `json:"capabilities"`
	}
	if !e.initialize.good() || json.Unmarshal(e.initialize.result, &result) != nil || result.Revision == "" {
		return
	}
	e.negotiated, e.session = result.Revision, e.initialize.header.Get(headerSession)
	if !e.speaksModern() {
		e.capabilities = result.Capabilities
	}
	e.line.hide(6, e.session)
	q := e.stateful("notifications/initialized", nil)
	q.id, q.stream = "", nothing
	e.initialized = e.put(ctx, q)
}

// listen opens the stream of a GET.
func (e *evidence) listen(ctx context.Context) {
	q := e.stateful("", nil)
	q.verb, q.body, q.id = http.MethodGet, nil, ""
	q.header.Del("Content-Type")
	q.header.Set("Accept", "text/event-stream")
	q.stream, q.wait = nothing, 3*time.Second
	if !e.spoken() {
		q.stream = firstEvent // HTTP+SSE says by its first event that it is that
	} else if e.negotiated == "" {
		q.header.Set(headerRevision, stateless)
	}
	e.stream = e.put(ctx, q)
}

// provoke asks what must be refused.
func (e *evidence) provoke(ctx context.Context) {
	base := func() request {
		q := e.stateful("ping", map[string]any{})
		if e.speaksModern() {
			q = e.modern("server/discover", nil)
		}
		q.odd = true
		return q
	}
	with := func(q request, header, value string) *exchange {
		q.header.Set(header, value)
		return e.put(ctx, q)
	}
	e.foreign = with(base(), "Origin", "https://attacker.example")
	e.typed = with(base(), "Content-Type", "text/plain")
	e.narrow = with(base(), "Accept", "application/json")
	if e.session == "" {
		return
	}
	q := e.stateful("ping", map[string]any{})
	q.odd, q.madeUp = true, true
	e.lost = with(q, headerSession, madeUp(e.session))
	q = e.stateful("ping", map[string]any{})
	q.odd = true
	q.header.Del(headerSession)
	e.unnamed = e.put(ctx, q)
}

// madeUp is an id of the same shape as another: a server that only looks at the
// shape must not notice. The other cannot be told from it.
func madeUp(id string) string {
	sum := sha256.Sum256([]byte(id))
	other := []byte(id)
	for i, c := range other {
		salt := sum[i%len(sum)] + byte(i)
		switch {
		case c >= '0' && c <= '9':
			other[i] = '0' + salt%10
		case c >= 'a' && c <= 'f':
			other[i] = 'a' + salt%6
		case c >= 'g' && c <= 'z':
			other[i] = 'g' + salt%20
		case c >= 'A' && c <= 'Z':
			other[i] = 'A' + salt%26
		}
	}
	if string(other) == id {
		return id + "x"
	}
	return string(other)
}

// farewell ends the session, also after the time is over.
func (e *evidence) farewell(ctx context.Context) {
	if e.session == "" {
		return
	}
	q := e.stateful("", nil)
	q.verb, q.body, q.id, q.stream, q.wait = http.MethodDelete, nil, "", nothing, 2*time.Second
	e.line.do(context.WithoutCancel(ctx), q) // it may be refused, and nobody minds
}

// spoken says whether the server was heard to speak MCP.
func (e *evidence) spoken() bool { return e.speaksModern() || e.negotiated != "" }

func (e *evidence) speaksModern() bool { return slices.Contains(e.supported, stateless) }

func (e *evidence) reachable() bool {
	return e.discover.status != 0 || e.discover.failed != nil && e.discover.failed.kind > untrusted
}

func (e *evidence) transport() Transport {
	switch {
	case e.spoken():
		return StreamableHTTP
	case e.legacySSE():
		return LegacySSE
	default:
		return NotMCP
	}
}

// legacySSE: "expect this will open an SSE stream and return an endpoint event
// as the first event" (MCP 2025-11-25 Transports, "Backwards Compatibility").
func (e *evidence) legacySSE() bool {
	return !e.spoken() && e.stream.good() && len(e.stream.events) > 0 && e.stream.events[0].name == "endpoint"
}

// revisions are those the server says it speaks, newest first.
func (e *evidence) revisions() []string {
	all := []string{}
	for _, r := range append(slices.Clone(e.supported), e.negotiated) {
		if r = plain(r); r != "" && !slices.Contains(all, r) && len(all) < 20 {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(b, a) })
	return all
}

// identity is how the server introduces itself.
func (e *evidence) identity() (name, version string) {
	type implementation struct{ Name, Version string }
	var modern struct {
		Meta struct {
			Server implementation `json:"io.modelcontextprotocol/serverInfo"`
		} `json:"_meta"`
	}
	var old struct{ ServerInfo implementation }
	_ = json.Unmarshal(e.discover.result, &modern) // what cannot be read has no name
	found := modern.Meta.Server
	if found.Name == "" && e.initialize != nil {
		_ = json.Unmarshal(e.initialize.result, &old) // as above
		found = old.ServerInfo
	}
	return plain(found.Name), plain(found.Version)
}
