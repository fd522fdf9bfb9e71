package invariant

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/trace"
)

func headerRules() []Rule {
	return []Rule{
		{"clients-headers-stay", "No server is sent a client's cookie, or what a proxy before the portal says of who the client is.",
			[]string{"CR-07", "MCP-IX-12"}, fixtures.Must, clientsHeadersStay},
		{"clients-addresses-stay", "No server is sent what a proxy before the portal says of where the client is.",
			[]string{"MCP-IX-12"}, fixtures.Must, clientsAddressesStay},
		{"servers-headers-stay", "No client is sent a cookie or a session id of a server.",
			[]string{"MCP-IX-12"}, fixtures.Must, serversHeadersStay},
		{"servers-challenges-stay", "No client is sent a server's challenge.",
			[]string{"MCP-IX-11", "MCP-IX-12"}, fixtures.Must, serversChallengesStay},
		{"servers-refusals-stay", "A server's refusal of the portal is the failure of a call, and not the portal's refusal of the client.",
			[]string{"MCP-IX-11"}, fixtures.Must, serversRefusalsStay},
		{"sessions-stay-on-their-leg", "The id of a client's session is never that of a session with a server.",
			[]string{"MCP-IX-12"}, fixtures.Must, sessionsStay},
		{"no-session-in-2026", "In 2026-07-28 the portal neither gives nor sends a session id.",
			[]string{"MCP-FS-16", "SEC-H-14"}, fixtures.Should, noModernSession},
		{"no-stream-in-2026", "In 2026-07-28 a GET or DELETE of the endpoint is answered 405, and a session id or event id of old changes nothing.",
			[]string{"MCP-FS-16", "SEC-H-14"}, fixtures.Should, noModernStream},
		{"versions-agree", "The header and the body name the same revision, and after a handshake the one agreed on.",
			[]string{"MCP-UC-02"}, fixtures.Must, versionsAgree},
		{"names-agree-in-headers", "Mcp-Method and Mcp-Name say what the body says.",
			[]string{}, fixtures.Must, headersAgree},
		{"sync-bypasses-gateway", "What the portal asks a server by itself does not pass the gateway.",
			[]string{"SY-05", "GW-12"}, fixtures.Must, syncBypassesGateway},
	}
}

// identifying are headers by which a front door tells those behind it who
// asks, and which no server is configured to want as its own credential;
// addressing are those that tell from where, which a gateway may add anew.
var (
	identifying = []string{
		"Cf-Access-Jwt-Assertion", "Cf-Access-Authenticated-User-Email",
		"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token", "X-Forwarded-Groups",
		"X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Access-Token", "X-Remote-User", "Remote-User", "X-Goog-Iap-Jwt-Assertion",
		"X-Amzn-Oidc-Data", "X-Amzn-Oidc-Accesstoken",
	}
	addressing = []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip"}
)

func clientsHeadersStay(v *view, h *hop) (bool, []string) {
	if !h.backstage() {
		return false, nil
	}
	names := identifying
	if h.to != trace.Gateway {
		names = append(slices.Clone(names), "Proxy-Authorization")
	}
	wrong := h.sending(names)
	for _, cookies := range h.Request.Header["Cookie"] {
		for pair := range strings.SplitSeq(cookies, ";") {
			if pair = strings.TrimSpace(pair); pair != "" && !v.cookies[h.host][pair] {
				name, _, _ := strings.Cut(pair, "=")
				wrong = append(wrong, "a cookie "+v.show(name)+" is sent that this host did not set")
			}
		}
	}
	return true, wrong
}

func clientsAddressesStay(_ *view, h *hop) (bool, []string) {
	if !h.backstage() || !portal(h.from) {
		return false, nil
	}
	return true, h.sending(addressing)
}

// sending says which of the headers a request has.
func (h *hop) sending(names []string) []string {
	var wrong []string
	for _, name := range names {
		if h.asks(name) != "" {
			wrong = append(wrong, "the header "+name+" is sent")
		}
	}
	return wrong
}

func serversHeadersStay(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.Response == nil {
		return false, nil
	}
	var wrong []string
	for _, pair := range firstPairs(h.answer()["Set-Cookie"]) {
		for _, host := range slices.Sorted(maps.Keys(v.cookies)) {
			if host != h.host && v.cookies[host][strings.TrimSpace(pair)] {
				name, _, _ := strings.Cut(pair, "=")
				wrong = append(wrong, "the cookie "+v.show(name)+" is one of "+v.show(host))
				break
			}
		}
	}
	return true, append(wrong, v.found(h.received, of(serverSession))...)
}

func serversChallengesStay(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.Response == nil || len(v.challenge) == 0 {
		return false, nil
	}
	var wrong []string
	for _, challenge := range h.answer()["Www-Authenticate"] {
		if v.challenge.has(challenge) {
			wrong = append(wrong, "Www-Authenticate is a server's challenge")
		}
	}
	return true, wrong
}

// challenges are what servers' challenges say that the portal's may not.
type challenges map[string]bool

// shortRealm is how long the name of a realm must be to be told from another's
// of the same name.
const shortRealm = 6

func (c challenges) learn(headers []string) {
	for _, h := range headers {
		for name, value := range attributes(h) {
			if name == "resource_metadata" || name == "realm" && len(value) >= shortRealm {
				c[name+"="+value] = true
			}
		}
	}
}

func (c challenges) has(header string) bool {
	for name, value := range attributes(header) {
		if c[name+"="+value] {
			return true
		}
	}
	return false
}

// attributes are the parameters of a challenge (RFC 9110 §11.6.1), as far as
// they are simple.
func attributes(header string) map[string]string {
	all := map[string]string{}
	_, rest, _ := strings.Cut(header, " ")
	for part := range strings.SplitSeq(rest, ",") {
		if name, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			all[strings.ToLower(name)] = strings.Trim(value, `"`)
		}
	}
	return all
}

func sessionsStay(v *view, h *hop) (bool, []string) {
	if !h.behind() || !v.vault.knows(clientSession) {
		return false, nil
	}
	return true, v.found(h.sent, of(clientSession))
}

func noModernSession(v *view, h *hop) (bool, []string) {
	if h.era != modern {
		return false, nil
	}
	switch {
	case v.front(h) && h.Response != nil:
		if h.tells("Mcp-Session-Id") != "" {
			return true, []string{"the answer has the header Mcp-Session-Id"}
		}
		return len(h.told) > 0, nil
	case h.behind():
		if h.asks("Mcp-Session-Id") != "" {
			return true, []string{"the request has the header Mcp-Session-Id"}
		}
	}
	return false, nil
}

// answerable is whether a request must be right (the portal's own), or else
// refused (a client's); neither for all others.
func (v *view) answerable(h *hop) (own, client bool) {
	return h.behind(), v.front(h)
}

// unless says what is wrong with the portal's own request, or, of a client's,
// that it was answered although it is wrong.
func unless(h *hop, own bool, wrong []string) []string {
	if own || len(wrong) == 0 {
		return wrong
	}
	if !h.resulted() {
		return nil
	}
	for i := range wrong {
		wrong[i] += ", and it was answered with a result"
	}
	return wrong
}

// headerSince is the first revision that has the header Mcp-Protocol-Version.
const headerSince = "2025-06-18"

func versionsAgree(v *view, h *hop) (bool, []string) {
	own, client := v.answerable(h)
	if !own && !client || len(h.asked) == 0 && h.asks("Mcp-Session-Id") == "" {
		return false, nil
	}
	header := h.Request.Header["Mcp-Protocol-Version"]
	judged, wrong := false, []string(nil)
	for _, m := range h.asked {
		said, ok := m.meta[metaVersion].(string)
		if !ok {
			continue
		}
		judged = true
		if len(header) == 0 && eraOf(said) == modern {
			wrong = append(wrong, "Mcp-Protocol-Version is missing, _meta says "+v.show(said))
		}
		for _, value := range header {
			if strings.TrimSpace(value) != said {
				wrong = append(wrong, "Mcp-Protocol-Version is "+v.show(value)+", _meta says "+v.show(said))
			}
		}
	}
	agreed := v.sessions[h.host+" "+h.asks("Mcp-Session-Id")]
	if own && agreed >= headerSince && !judged {
		judged = true
		if got := h.asks("Mcp-Protocol-Version"); got != agreed {
			wrong = append(wrong, "Mcp-Protocol-Version is "+v.show(got)+", agreed on was "+v.show(agreed))
		}
	}
	return judged, unless(h, own, wrong)
}

// naming are the methods whose requests carry Mcp-Name, and the parameter that
// it repeats (MCP 2026-07-28 Transports).
var naming = map[string]string{"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

func headersAgree(v *view, h *hop) (bool, []string) {
	own, client := v.answerable(h)
	if !own && !client || h.era != modern || len(h.asked) == 0 {
		return false, nil
	}
	var wrong []string
	for _, m := range h.asked {
		if m.method == "" {
			continue
		}
		wrong = append(wrong, v.differs(h, "Mcp-Method", m.method)...)
		if parameter := naming[m.method]; parameter != "" {
			said, _ := m.params[parameter].(string)
			wrong = append(wrong, v.differs(h, "Mcp-Name", said)...)
		}
	}
	return true, unless(h, own, wrong)
}

func (v *view) differs(h *hop, name, said string) []string {
	values := h.Request.Header[name]
	if len(values) == 0 {
		return []string{name + " is missing, the body says " + v.show(said)}
	}
	for _, value := range values {
		if got := decoded(value); got != said {
			return []string{name + " is " + v.show(got) + ", the body says " + v.show(said)}
		}
	}
	return nil
}

// decoded is a header's value without the Base64 sentinel (MCP 2026-07-28
// Transports, Value Encoding).
func decoded(value string) string {
	value = strings.TrimSpace(value)
	inner, begins := strings.CutPrefix(value, "=?base64?")
	inner, ends := strings.CutSuffix(inner, "?=")
	b, err := base64.StdEncoding.DecodeString(inner)
	if !begins || !ends || err != nil {
		return value
	}
	return string(b)
}

// syncing are the requests of which a sync consists.
var syncing = map[string]bool{
	"initialize": true, "server/discover": true, "ping": true, "tools/list": true, "prompts/list": true,
	"resources/list": true, "resources/templates/list": true,
}

// syncBypassesGateway judges only what was sent after a first request was seen
// to come in: before that, nobody knows what the portal was answering.
func syncBypassesGateway(v *view, h *hop) (bool, []string) {
	if h.to != trace.Gateway || !portal(h.from) || len(h.asked) == 0 || !syncing[h.asked[0].method] {
		return false, nil
	}
	if h.crowded || v.firstIn == 0 || h.Sent < v.firstIn {
		return false, nil
	}
	if v.byItself(h) {
		return true, []string{h.asked[0].method + " passes the gateway while nobody asks the portal"}
	}
	return true, nil
}

// byItself says whether the portal asks although nobody asked it, as far as that
// is known.
func (v *view) byItself(h *hop) bool {
	return !h.crowded && v.firstIn > 0 && h.Sent >= v.firstIn && len(h.inside) == 0
}

// serversRefusalsStay judges calls in which a server refused what the portal
// showed it, and gave nothing else.
func serversRefusalsStay(v *view, h *hop) (bool, []string) {
	if !h.behind() || !portal(h.from) || len(h.asked) == 0 || h.Status() != http.StatusUnauthorized && h.Status() != http.StatusForbidden {
		return false, nil
	}
	outer := v.serving(h)
	if outer == nil || outer.Response == nil || outer.asked[0].method != h.asked[0].method {
		return false, nil
	}
	if s := outer.Status(); s == http.StatusUnauthorized || s == http.StatusForbidden {
		return true, []string{fmt.Sprintf("the client is told %d, as if it were the one refused", s)}
	}
	return true, nil
}

// noModernStream knows the endpoint by the messages that are posted to it.
func noModernStream(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.era != modern || !h.accepted() {
		return false, nil
	}
	switch {
	case !v.endpoints[h.host+h.url.Path]:
		return false, nil
	case h.Request.Method == http.MethodGet || h.Request.Method == http.MethodDelete:
		if h.Status() != http.StatusMethodNotAllowed {
			return true, []string{fmt.Sprintf("%s is answered %d", h.Request.Method, h.Status())}
		}
		return true, nil
	case len(h.asked) == 0 || h.asks("Mcp-Session-Id") == "" && h.asks("Last-Event-Id") == "":
		return false, nil
	case h.Status() == http.StatusNotFound && !h.refusedWith(methodNotFound):
		return true, []string{fmt.Sprintf("a request that names a session of old is answered %d", h.Status())}
	}
	return true, nil
}
