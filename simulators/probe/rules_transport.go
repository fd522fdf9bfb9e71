package probe

import (
	"net/http"
	"strings"
)

func always(*evidence) bool { return true }

// heard says whether the server answered at all.
func heard(e *evidence) bool { return e.discover.status != 0 || e.initialize.heard() }

func spoken(e *evidence) bool { return e.spoken() }

// transportRules are about HTTP, before anybody speaks of tools.
var transportRules = []Rule{
	{ID: "tls", Level: Stop, Topic: "transport", looks: always,
		Sentence: "A portal calls a server over https only with a certificate it can verify", Source: "RFC 9110 §4.3.4", check: checkTLS},
	{ID: "no-answer", Level: Stop, Topic: "transport", looks: func(e *evidence) bool { return e.initialize != nil },
		Sentence: "A server answers a POST to its endpoint", Source: `MCP 2025-11-25 Transports, "Sending Messages to the Server"`, check: checkNoAnswer},
	{ID: "answer-missing", Level: Warn, Topic: "transport", looks: heard,
		Sentence: "A server answers every request, be it with an error, and does not break off", Source: `MCP 2025-11-25 Transports, "Sending Messages to the Server"`, check: checkAnswerMissing},
	{ID: "not-mcp", Level: Stop, Topic: "transport", looks: heard,
		Sentence: "A server answers server/discover or initialize at its endpoint", Source: "MCP 2026-07-28 Versioning", check: checkNotMCP},
	{ID: "legacy-sse", Level: Stop, Topic: "transport", looks: heard,
		Sentence: "Streamable HTTP replaces HTTP+SSE, which portals need not speak", Source: `MCP 2025-11-25 Transports, "Backwards Compatibility"`, check: checkLegacySSE},
	{ID: "forbidden", Level: Stop, Topic: "transport", looks: heard,
		Sentence: "A server that wants a credential says so with 401; 403 is final", Source: `MCP 2025-11-25 Authorization, "Error Handling"`, check: checkForbidden},
	{ID: "redirect", Level: Warn, Topic: "transport", looks: heard,
		Sentence: "The URL is that of the endpoint itself: not everybody repeats a POST at another place", Source: "RFC 9110 §15.4", check: checkRedirect},
	{ID: "redirect-elsewhere", Level: Stop, Topic: "transport", looks: heard,
		Sentence: "A redirect to another origin is not followed: a credential must not travel there", Source: `MCP 2025-11-25 Security Best Practices, "SSRF"`, check: checkRedirectElsewhere},
	{ID: "plain-http", Level: Warn, Topic: "transport", looks: heard,
		Sentence: "Outside this machine messages and credentials travel over https", Source: "RFC 6750 §5.3", check: checkPlainHTTP},
	{ID: "server-error", Level: Warn, Topic: "transport", looks: heard,
		Sentence: "A server answers what it does not want with 4xx; 5xx says that it fell over, and a portal tries again", Source: "RFC 9110 §15.6", check: checkServerError},
	{ID: "busy", Level: Warn, Topic: "transport", looks: heard,
		Sentence: "A portal asks for all its people at once, so its share of requests must be larger than one person's", Source: "RFC 6585 §4", check: checkBusy},
	{ID: "answer-long", Level: Stop, Topic: "transport", looks: heard,
		Sentence: "Answers have a size that everybody on the way can hold", Source: "this probe reads 10 MB of an answer", check: checkLong},
	{ID: "get", Level: Warn, Topic: "transport", looks: func(e *evidence) bool { return e.spoken() && e.stream != nil },
		Sentence: "A GET opens an event stream or is answered with 405", Source: `MCP 2025-11-25 Transports, "Listening for Messages from the Server"`, check: checkGet},
	{ID: "origin", Level: Warn, Topic: "transport", looks: answered(func(e *evidence) *exchange { return e.foreign }),
		Sentence: "A request with a foreign Origin is refused with 403, or any web page can reach the server by DNS rebinding", Source: `MCP 2025-11-25 Transports, "Security Warning"`, check: checkOrigin},
	{ID: "content-type", Level: Note, Topic: "transport", looks: answered(func(e *evidence) *exchange { return e.typed }),
		Sentence: "A POST has the type application/json; a server that takes others can be called by a form of any web page", Source: `MCP 2026-07-28 Transports`, check: checkContentType},
	{ID: "accept", Level: Note, Topic: "transport", looks: answered(func(e *evidence) *exchange { return e.narrow }),
		Sentence: "Accept lists application/json and text/event-stream; a strict server would have shown a client its mistake", Source: `MCP 2025-11-25 Transports, "Sending Messages to the Server"`, check: checkAccept},
	{ID: "out-of-time", Level: Warn, Topic: "transport", looks: always,
		Sentence: "Everything was asked within the time for a look", Source: "this probe's Limits", check: checkTime},
}

// answered is a looks for an exchange that came back.
func answered(of func(*evidence) *exchange) func(*evidence) bool {
	return func(e *evidence) bool { return of(e).heard() }
}

// find is the first exchange of a kind.
func (e *evidence) find(like func(*exchange) bool) *exchange {
	for _, x := range e.all {
		if like(x) {
			return x
		}
	}
	return nil
}

func checkTLS(e *evidence) (string, *exchange) {
	x := e.discover
	if x.failed != nil && x.failed.kind == untrusted {
		return x.failed.words, x
	}
	// Go and nginx say in such words that plain http came to a port with TLS.
	if said := string(x.body); x.is(http.StatusBadRequest) && e.at.Scheme == "http" &&
		strings.Contains(said, "HTTP request") && strings.Contains(said, "HTTPS") {
		return address(e.at) + " speaks TLS: write https://", x
	}
	return "", nil
}

func checkNoAnswer(e *evidence) (string, *exchange) {
	if e.discover.status != 0 || e.initialize.status != 0 || e.discover.failed == nil {
		return "", nil
	}
	return "something listens at " + address(e.at) + ", but " + e.discover.failed.words, e.discover
}

func checkAnswerMissing(e *evidence) (string, *exchange) {
	x := e.find(func(x *exchange) bool { return x.failed != nil && !x.failed.late && x != e.stream })
	if x == nil {
		return "", nil
	}
	return x.what() + ": " + x.failed.words, x
}

// what names a request for a person.
func (x *exchange) what() string {
	name := x.ask.method
	if name == "" {
		name = x.ask.verb
	}
	if x.ask.odd {
		name += ", wrong on purpose"
	}
	return name
}

func checkNotMCP(e *evidence) (string, *exchange) {
	x := e.initialize
	if e.spoken() || e.legacySSE() || !x.heard() || e.locked() || x.status/100 == 3 || x.cut {
		return "", nil
	}
	if sentence, _ := checkTLS(e); sentence != "" {
		return "", nil
	}
	switch said := x.wrong; {
	case x.fault != nil:
		return "initialize is answered with the error " + quote(x.fault.Message), x
	case x.status == http.StatusNotFound || x.status == http.StatusMethodNotAllowed:
		return "initialize is answered with HTTP " + statusText(x.status) + ": check the path, which often is /mcp", x
	case x.status/100 != 2:
		return "initialize is answered with HTTP " + statusText(x.status), x
	case said != "":
		return "initialize is answered, but " + said, x
	default:
		return "the answer to initialize names no protocolVersion", x
	}
}

// locked says whether the server told nothing for want of a credential.
func (e *evidence) locked() bool {
	return !e.spoken() && (e.initialize.is(http.StatusUnauthorized) || e.initialize.is(http.StatusForbidden))
}

func checkLegacySSE(e *evidence) (string, *exchange) {
	if !e.legacySSE() {
		return "", nil
	}
	return "the server speaks HTTP+SSE, the transport of 2024", e.stream
}

func checkForbidden(e *evidence) (string, *exchange) {
	if e.spoken() || !e.initialize.is(http.StatusForbidden) || e.signin.challenge != nil {
		return "", nil
	}
	return "initialize is answered with 403: the server does not serve callers from here, or not under this name", e.initialize
}

func checkRedirect(e *evidence) (string, *exchange) {
	if e.redirect == nil || e.at == e.asked {
		return "", nil
	}
	return "the URL leads to " + shown(e.at) + ": use that", e.redirect
}

func checkRedirectElsewhere(e *evidence) (string, *exchange) {
	if e.discover.status/100 != 3 {
		return "", nil
	}
	to, ok := e.discover.location()
	switch {
	case !ok:
		return "the server redirects without a place to go", e.discover
	case sameOrigin(to, e.at):
		return "the server redirects again and again, at last to " + shown(to), e.discover
	default:
		return "the server redirects to " + shown(to) + ": use that if you trust it", e.discover
	}
}

func checkPlainHTTP(e *evidence) (string, *exchange) {
	if e.at.Scheme != "http" || local(e.at) {
		return "", nil
	}
	return shown(e.at) + " is plain http, and not on this machine", nil
}

func checkServerError(e *evidence) (string, *exchange) {
	x := e.find(func(x *exchange) bool { return x.status/100 == 5 })
	if x == nil {
		return "", nil
	}
	return x.what() + " is answered with HTTP " + statusText(x.status), x
}

func checkBusy(e *evidence) (string, *exchange) {
	x := e.find(func(x *exchange) bool { return x.status == http.StatusTooManyRequests })
	if x == nil {
		return "", nil
	}
	return x.what() + " is answered with 429 after " + count(len(e.all), "request") + ": the rest of this report may miss something", x
}

func checkLong(e *evidence) (string, *exchange) {
	x := e.find(func(x *exchange) bool { return x.cut })
	if x == nil {
		return "", nil
	}
	return "the answer to " + x.what() + " is longer than what is read of one", x
}

func checkGet(e *evidence) (string, *exchange) {
	x := e.stream
	switch {
	case x.status == 0 && x.failed.late, x.status/100 == 5, x.status == http.StatusTooManyRequests:
		return "", nil // told by other rules
	case x.status == 0:
		return "GET: " + x.failed.words, x
	case x.status == http.StatusMethodNotAllowed, x.status == http.StatusOK && x.media == "text/event-stream":
		return "", nil
	case x.status == http.StatusUnauthorized, e.negotiated == "" && x.status/100 == 4:
		return "", nil // 2026-07-28 has no GET, and 405 only should be the answer
	case x.status/100 == 2:
		return "GET is answered with HTTP " + statusText(x.status) + " and the type " + quote(x.header.Get("Content-Type")), x
	default:
		return "GET is answered with HTTP " + statusText(x.status), x
	}
}

func checkOrigin(e *evidence) (string, *exchange) {
	if e.foreign.status/100 != 2 {
		return "", nil
	}
	return "a request with the Origin https://attacker.example is served", e.foreign
}

func checkContentType(e *evidence) (string, *exchange) {
	if e.typed.status/100 != 2 {
		return "", nil
	}
	return "a POST of the type text/plain is served", e.typed
}

func checkAccept(e *evidence) (string, *exchange) {
	if e.narrow.status/100 != 2 {
		return "", nil
	}
	return "a POST that accepts application/json alone is served", e.narrow
}

func checkTime(e *evidence) (string, *exchange) {
	if !e.late {
		return "", nil
	}
	return "the look ended after " + seconds(e.line.limits.Total) + ", with questions left", nil
}
