package invariant

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-mcp/portico/simulators/trace"
)

// view is a trace as the rules look at it: everything is read and parsed once.
type view struct {
	trace     trace.Trace
	hops      []hop
	divided   bool // there is a front door apart from the portal
	vault     vault
	sessions  map[string]string          // server's host and session id to the revision agreed on
	offers    map[string]map[string]bool // server's host to what it said it offers, by kind and name
	challenge challenges
	cookies   map[string]map[string]bool // host to the "name=value" it set
	homes     map[string]string          // server id to the host that its calls went to
	relayed   map[string]bool            // what is wrong in servers' answers and not the portal's doing
	parties   map[string]trace.Party     // host to the server there
	firstIn   int                        // place of the first request into the portal; 0: none

	endpoints      map[string]bool            // host and path that clients post messages to
	tokenEndpoints map[string]bool            // host and path where the portal issued tokens
	resources      map[string]map[string]bool // host of an authorization server to what servers say they are there
	announced      map[string]bool            // host to whether its metadata says that answers carry its issuer
	scopes         map[string]string          // a list's cursor to the cacheScope of the page that gave it
}

// hop is one exchange with what can be read off it alone.
type hop struct {
	*trace.Exchange
	from, to trace.Role
	url      *url.URL // never nil
	host     string
	asked    []message
	told     []message
	era      string   // legacy or modern; empty: it cannot be told
	inside   []int    // the requests of others that the portal was answering when this one was sent
	crowded  bool     // there were too many of those to list
	misasked []string // what the schema finds wrong with what was asked
	mistold  []string // the same of what was answered
	sent     []sight  // secrets of the request
	received []sight  // secrets of the answer, if it is to somebody outside
}

// crowd is how many requests at once are told apart.
const crowd = 64

func read(t trace.Trace) *view {
	v := &view{trace: t, hops: make([]hop, len(t.Exchanges))}
	for _, role := range t.Roles {
		v.divided = v.divided || role == trace.Access
	}
	for i := range t.Exchanges {
		v.hops[i] = v.hop(&t.Exchanges[i])
	}
	v.nest()
	v.learn()
	v.learnPlaces()
	v.collect()
	v.untangle()
	v.homes = map[string]string{}
	v.check()
	return v
}

func (v *view) hop(e *trace.Exchange) hop {
	e = canonical(e)
	h := hop{Exchange: e, from: v.trace.Role(e.From), to: v.trace.Role(e.To), url: address(e.Request.URL)}
	h.host = strings.ToLower(h.url.Host)
	h.asked = messages(e.Request.Header, e.Request.Body)
	if e.Response != nil {
		h.told = messages(e.Response.Header, e.Response.Body)
	}
	h.era = h.revision()
	return h
}

// address is a URL; of one that does not parse, its query at least.
func address(raw string) *url.URL {
	if u, err := url.Parse(raw); err == nil {
		return u
	}
	_, query, _ := strings.Cut(raw, "?")
	query, _, _ = strings.Cut(query, "#")
	return &url.URL{RawQuery: query}
}

// canonical is the exchange with its header names spelled as net/http does,
// which a capture of somebody else's need not do.
func canonical(e *trace.Exchange) *trace.Exchange {
	spelled := func(h http.Header) http.Header {
		for key := range h {
			if http.CanonicalHeaderKey(key) != key {
				out := http.Header{}
				for key, values := range h {
					out[http.CanonicalHeaderKey(key)] = append(out[http.CanonicalHeaderKey(key)], values...)
				}
				return out
			}
		}
		return h
	}
	c := *e
	c.Request.Header = spelled(e.Request.Header)
	if e.Response != nil {
		r := *e.Response
		r.Header = spelled(r.Header)
		c.Response = &r
	}
	return &c
}

// revision is which schema an exchange is read by: what its request says of
// itself, in its body before its headers.
func (h *hop) revision() string {
	for _, m := range h.asked {
		if said, ok := m.meta[metaVersion].(string); ok && m.method != "initialize" {
			return eraOf(said)
		}
		switch m.method {
		case "initialize", "notifications/initialized":
			return legacy
		case "server/discover":
			return modern
		}
	}
	if said := h.asks("Mcp-Protocol-Version"); said != "" {
		return eraOf(said)
	}
	return legacy // MCP 2025-11-25 Transports: without the header, an older one
}

// metaVersion is where a request of 2026-07-28 says its revision.
const metaVersion = "io.modelcontextprotocol/protocolVersion"

func eraOf(version string) string {
	digits := strings.ReplaceAll(version, "-", "")
	if _, err := strconv.Atoi(digits); err != nil || len(version) != len(modern) || len(digits) != 8 {
		return ""
	}
	switch {
	case version < modern:
		return legacy
	case version == modern:
		return modern
	default:
		return ""
	}
}

// asks is a header of the request, tells one of the response.
func (h *hop) asks(header string) string { return h.Request.Header.Get(header) }

func (h *hop) tells(header string) string { return h.answer().Get(header) }

func (h *hop) answer() http.Header {
	if h.Response == nil {
		return nil
	}
	return h.Response.Header
}

// portal says whether the role is one of the portal's own: its door or its house.
func portal(r trace.Role) bool { return r == trace.Access || r == trace.Portal }

// front says whether somebody asks the portal from outside.
func (v *view) front(h *hop) bool {
	switch h.from {
	case trace.Client, trace.Browser:
		return portal(h.to)
	case "":
		return h.to == trace.Access || h.to == trace.Portal && !v.divided
	}
	return false
}

// behind says whether the portal, or the gateway for it, asks a server.
func (h *hop) behind() bool {
	return (portal(h.from) || h.from == trace.Gateway) && (h.to == trace.Upstream || h.to == trace.Gateway)
}

// backstage says whether the portal asks a server or who protects it.
func (h *hop) backstage() bool {
	return h.behind() || (portal(h.from) || h.from == trace.Gateway) && h.to == trace.AuthorizationServer
}

// succeeded says whether the answer's status is a good one.
func (h *hop) succeeded() bool { return h.Status() >= 200 && h.Status() < 300 }

// accepted says whether who asked was let in, as far as the status tells.
func (h *hop) accepted() bool {
	return h.Response != nil && h.Status() != http.StatusUnauthorized && h.Status() != http.StatusForbidden
}

// resulted says whether a request of the exchange was answered with a result.
func (h *hop) resulted() bool {
	return slices.ContainsFunc(h.told, func(m message) bool { return m.is("result") })
}

// refusedWith says whether an answer is an error of that code.
func (h *hop) refusedWith(code float64) bool {
	return slices.ContainsFunc(h.told, func(m message) bool {
		e, _ := m.doc["error"].(map[string]any)
		got, ok := number(e["code"])
		return ok && got == code
	})
}

// methodNotFound is the code of JSON-RPC 2.0 §5.1.
const methodNotFound = -32601

// serving is the client's request that the portal was answering when it sent
// this one; nil if there was none, or if it might be any of several.
func (v *view) serving(h *hop) *hop {
	if h.crowded {
		return nil
	}
	var found *hop
	for _, i := range h.inside {
		if outer := &v.hops[i]; v.front(outer) && len(outer.asked) > 0 {
			if found != nil {
				return nil
			}
			found = outer
		}
	}
	return found
}

// lasting says whether the request stands open beside everything else: a
// stream of server-sent events, or a subscription.
func (h *hop) lasting() bool {
	if h.Request.Method == http.MethodGet && strings.HasPrefix(h.tells("Content-Type"), "text/event-stream") {
		return true
	}
	return len(h.asked) > 0 && h.asked[0].method == "subscriptions/listen"
}

// nest finds which requests into the portal were open when it asked others. It
// goes along the events once.
func (v *view) nest() {
	type event struct {
		at, hop int
		closes  bool
	}
	var events []event
	for i := range v.hops {
		h := &v.hops[i]
		if h.Sent <= 0 {
			continue
		}
		into := portal(h.to) && h.from != trace.Portal && !h.lasting()
		if into {
			if v.firstIn == 0 || h.Sent < v.firstIn {
				v.firstIn = h.Sent
			}
			if h.Answered > 0 {
				events = append(events, event{h.Answered, i, true})
			}
		}
		if into || h.backstage() {
			events = append(events, event{h.Sent, i, false})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	open := map[int]bool{}
	for _, e := range events {
		h := &v.hops[e.hop]
		switch {
		case e.closes:
			delete(open, e.hop)
		case portal(h.to):
			open[e.hop] = true
		case len(open) > crowd:
			h.crowded = true
		default:
			for i := range open {
				h.inside = append(h.inside, i)
			}
			slices.Sort(h.inside)
		}
	}
}

// learn keeps what servers said that other exchanges are held to.
func (v *view) learn() {
	v.sessions, v.offers, v.cookies = map[string]string{}, map[string]map[string]bool{}, map[string]map[string]bool{}
	v.challenge = challenges{}
	for i := range v.hops {
		h := &v.hops[i]
		if !h.backstage() && h.to != trace.IdentityProvider {
			continue
		}
		v.learnCookies(h)
		if !h.behind() {
			continue
		}
		v.challenge.learn(h.answer()["Www-Authenticate"])
		for _, asked := range h.asked {
			for _, told := range h.told {
				if result, ok := told.doc["result"].(map[string]any); ok && same(asked.id, told.id) {
					v.learnResult(h, asked.method, result)
				}
			}
		}
	}
}

// learnPlaces keeps where the portal takes messages and issues tokens, and what
// documents say of who is who.
func (v *view) learnPlaces() {
	v.parties = map[string]trace.Party{}
	v.endpoints, v.tokenEndpoints, v.scopes = map[string]bool{}, map[string]bool{}, map[string]string{}
	v.resources, v.announced = map[string]map[string]bool{}, map[string]bool{}
	for i := range v.hops {
		h := &v.hops[i]
		at := h.host + h.url.Path
		if h.to == trace.Upstream {
			v.parties[h.host] = h.To
		}
		switch {
		case v.front(h) && len(h.asked) > 0 && h.succeeded():
			v.endpoints[at] = true
			v.learnScope(h)
		case v.front(h) && h.Request.Method == http.MethodPost:
			if tokens := issued(h); tokens["access_token"] != "" {
				v.tokenEndpoints[at] = true
			}
		case v.front(h):
			if doc := document(h); doc["authorization_endpoint"] != nil {
				v.announced[h.host], _ = doc["authorization_response_iss_parameter_supported"].(bool)
			}
		case portal(h.from) && h.to == trace.Upstream:
			v.learnResource(document(h))
		}
	}
}

// learnResource keeps what a server calls itself (RFC 9728 §2), for each
// authorization server that it names.
func (v *view) learnResource(doc map[string]any) {
	resource, _ := doc["resource"].(string)
	servers, _ := doc["authorization_servers"].([]any)
	for _, s := range servers {
		issuer, _ := s.(string)
		host := strings.ToLower(address(issuer).Host)
		if resource == "" || host == "" {
			continue
		}
		if v.resources[host] == nil {
			v.resources[host] = map[string]bool{}
		}
		v.resources[host][resource] = true
	}
}

// learnScope keeps the cacheScope of a list's page for the one that its cursor
// leads to.
func (v *view) learnScope(h *hop) {
	for _, m := range h.told {
		result, _ := m.doc["result"].(map[string]any)
		if cursor, ok := result["nextCursor"].(string); ok {
			v.scopes[cursor], _ = result["cacheScope"].(string)
		}
	}
}

// document is a good answer's JSON object that is no message; nil if it is none.
func document(h *hop) map[string]any {
	if !h.succeeded() || len(h.told) > 0 || !strings.HasPrefix(h.tells("Content-Type"), "application/json") {
		return nil
	}
	var doc map[string]any
	if json.Unmarshal([]byte(h.Response.Body), &doc) != nil {
		return nil
	}
	return doc
}

func (v *view) learnCookies(h *hop) {
	for _, c := range h.answer()["Set-Cookie"] {
		pair, _, _ := strings.Cut(c, ";")
		if v.cookies[h.host] == nil {
			v.cookies[h.host] = map[string]bool{}
		}
		v.cookies[h.host][strings.TrimSpace(pair)] = true
	}
}

func (v *view) learnResult(h *hop, method string, result map[string]any) {
	if session := h.tells("Mcp-Session-Id"); method == "initialize" && session != "" {
		v.sessions[h.host+" "+session], _ = result["protocolVersion"].(string)
	}
	kind, ok := offered[method]
	if !ok {
		return
	}
	if v.offers[h.host] == nil {
		v.offers[h.host] = map[string]bool{}
	}
	list, _ := result[kind].([]any)
	for _, item := range list {
		if o, ok := item.(map[string]any); ok {
			name, _ := o["name"].(string)
			v.offers[h.host][kind+" "+name] = true
		}
	}
	v.offers[h.host][kind] = true
}

// offered are the lists by which a server says what it offers.
var offered = map[string]string{"tools/list": "tools", "prompts/list": "prompts"}

// number is a JSON number of a message; false if it is none.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// How many characters of a name are shown, and of a whole finding.
const (
	longestName    = 80
	longestFinding = 500
)

// plain is what may be printed: no secret, no control character.
func (v *view) plain(text string) string {
	text = v.vault.redact(text)
	if runes := []rune(text); len(runes) > longestFinding {
		text = string(runes[:longestFinding]) + "…"
	}
	quoted := strconv.Quote(text)
	return strings.NewReplacer(`\"`, `"`).Replace(quoted[1 : len(quoted)-1])
}

// show is a name that somebody else chose, in quotes and not too long. A secret
// that would be cut, and so not known any more, is taken out before.
func (v *view) show(name string) string {
	name = v.vault.redact(name)
	if runes := []rune(name); len(runes) > longestName {
		name = string(runes[:longestName]) + "…"
	}
	return `"` + name + `"`
}
