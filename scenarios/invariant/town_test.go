package invariant_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/simulators/trace"
)

// The secrets of the small town that the rules are tried on.
const (
	clientToken  = "oauth:kq8Zr1TnWc5xVb2Ly7Hs"
	clientFresh  = "refresh:a7Yp3Qm9Lk2Vd6Xw0Tz"
	longToken    = "portal_at_t4Hs8Kd2Lw6Zp0Xv9Bn3Qm7Rc1Gy5Ju2Ef8"
	signedToken  = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSIsIm4iOjF9.c2lnbmF0dXJlLW9mLWFsaWNl"
	clientID     = "4f9c1e77a0b84d21"
	assertion    = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWFjY2Vzcw"
	idpToken     = "idp-access-9Jx2Kq7Wm4Zt"
	idToken      = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJwb3J0aWNvIn0.c2lnbmF0dXJlLW9mLWlkcA"
	mailToken    = "mail-access-3Vb8Nn1Pq6Ry"
	mailFresh    = "mail-refresh-5Tg0Hj4Kd8Lw"
	mailSession  = "mail-session-7Uq2Xe9Bc5Mz"
	wikiKey      = "wiki-key-1Za6Sd3Fg8Hj"
	password     = "alice-likes-badgers"
	legacyHeader = "2025-11-25"
	modernHeader = "2026-07-28"
)

// Places in the town's trace.
const (
	atLogin = iota
	atIdentityToken
	atCallback
	atCallbackInside
	atServerToken
	atClientToken
	atInitialize
	atInitializeInside
	atInitialized
	atMailCall
	atMailCallInside
	atMailInitialize
	atMail
	atWikiCall
	atWikiCallInside
	atDiscover
	atGateway
	atWiki
	atSync
	atMetadata
	atResource
	atChallenge
	atMailResource
	atAuthorize
	atConsent
	atStream
	atPage
	atPageInside
	atNextPage
	atNextPageInside
	atRefused
	atRefusedInside
	atRefusal
	places
)

// scene is a trace in the making.
type scene struct {
	trace.Trace
	clock int
}

func (s *scene) ask(from, to trace.Party, method, address, body string, headers ...string) int {
	s.clock++
	e := trace.Exchange{From: from, To: to, Sent: s.clock, Request: trace.Request{
		Method: method, URL: address, Header: http.Header{}, Body: body}}
	set(e.Request.Header, headers)
	switch {
	case strings.HasPrefix(body, "{"):
		e.Request.Header.Set("Content-Type", "application/json")
	case body != "":
		e.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	s.Exchanges = append(s.Exchanges, e)
	return len(s.Exchanges) - 1
}

func (s *scene) answer(i, status int, body string, headers ...string) {
	s.clock++
	e := &s.Exchanges[i]
	e.Answered = s.clock
	e.Response = &trace.Response{Status: status, Header: http.Header{}, Body: body}
	if strings.HasPrefix(body, "{") {
		e.Response.Header.Set("Content-Type", "application/json")
	}
	set(e.Response.Header, headers)
}

func set(h http.Header, pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
}

// town is a short story in which every rule has something to judge and none is
// broken: alice signs in, connects mail, calls a tool of each of two servers,
// one through the gateway and in the newer revision, and the portal syncs.
func town() *scene {
	s := &scene{Trace: trace.Trace{Roles: map[trace.Party]trace.Role{
		"alice": trace.Client, "alice.browser": trace.Browser, "bob": trace.Client, "access": trace.Access, "portal": trace.Portal,
		"gateway": trace.Gateway, "idp": trace.IdentityProvider, "mail": trace.Upstream, "wiki": trace.Upstream,
		"mail-as": trace.AuthorizationServer,
	}}}
	s.signIn()
	s.mail()
	s.wiki()
	sync := s.ask("portal", "wiki", "POST", "https://wiki.example/mcp", request(9, "tools/list", `{}`),
		"Authorization", "Bearer "+wikiKey, "Mcp-Protocol-Version", legacyHeader)
	s.answer(sync, 200, `{"jsonrpc":"2.0","id":9,"result":{"tools":[{"name":"search","inputSchema":{"type":"object"}}]}}`)
	s.documents()
	s.lists()
	s.refusal()
	return s
}

// documents is what alice and the portal read of others, and where that leads a
// browser.
func (s *scene) documents() {
	s.answer(s.ask("alice", "access", "GET", "https://portal.example/.well-known/oauth-authorization-server", ""), 200,
		`{"issuer":"https://portal.example","authorization_endpoint":"https://portal.example/oauth/authorize","grant_types_supported":["authorization_code"],`+
			`"response_types_supported":["code"],"code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}`)
	s.answer(s.ask("alice", "access", "GET", "https://portal.example/.well-known/oauth-protected-resource/mcp", ""), 200,
		`{"resource":"https://portal.example/mcp","authorization_servers":["https://portal.example"],"scopes_supported":["mcp"]}`)
	s.answer(s.ask("alice", "access", "POST", "https://portal.example/mcp", request(1, "ping", `{}`)), 401,
		`{"error":"invalid_token"}`, "Www-Authenticate", `Bearer resource_metadata="https://portal.example/r", scope="mcp"`)
	s.answer(s.ask("portal", "mail", "GET", "https://mail.example/.well-known/oauth-protected-resource/mcp", ""), 200,
		`{"resource":"https://mail.example/mcp","authorization_servers":["https://mail-as.example"]}`)
	s.answer(s.ask("alice.browser", "mail-as", "GET", "https://mail-as.example/authorize?response_type=code&resource=https%3A%2F%2Fmail.example%2Fmcp", ""), 200, "")
	s.answer(s.ask("alice.browser", "access", "POST", "https://portal.example/oauth/consent", "answer=allow"), 303,
		"", "Location", "http://127.0.0.1:9/callback?code=own-code-0Pl9Ok8Ij7&iss=https%3A%2F%2Fportal.example&state=s3")
}

// lists is a list of two pages, and the stream that there is none of.
func (s *scene) lists() {
	s.answer(s.ask("alice", "access", "GET", "https://portal.example/mcp", "", "Mcp-Protocol-Version", modernHeader, "Authorization", "Bearer "+clientToken), 405, "")
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	headers := []string{"Mcp-Method", "tools/list", "Mcp-Protocol-Version", modernHeader}
	s.call(request(4, "tools/list", `{`+meta+`}`), 200, func() string {
		return result(4, `{"resultType":"complete","ttlMs":0,"cacheScope":"private","nextCursor":"second-page","tools":[{"name":"mail_whoami","inputSchema":{"type":"object"}}]}`)
	}, headers...)
	s.call(request(5, "tools/list", `{"cursor":"second-page",`+meta+`}`), 200, func() string {
		return result(5, `{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[`+
			`{"name":"wiki_count","inputSchema":{"type":"object"}},{"name":"wiki_search","inputSchema":{"type":"object"}}]}`)
	}, headers...)
}

// refusal is a call that the server refuses.
func (s *scene) refusal() {
	s.call(request(6, "tools/call", `{"name":"mail_whoami"}`), 200, func() string {
		s.answer(s.ask("portal", "mail", "POST", "https://mail.example/mcp", request(3, "tools/call", `{"name":"whoami"}`),
			"Authorization", "Bearer "+mailToken, "Mcp-Session-Id", mailSession, "Mcp-Protocol-Version", legacyHeader), 401, "")
		return result(6, `{"content":[{"type":"text","text":"unauthorized"}],"isError":true}`)
	}, "Mcp-Session-Id", clientID, "Mcp-Protocol-Version", legacyHeader)
}

func (s *scene) signIn() {
	i := s.ask("alice.browser", "idp", "POST", "https://idp.example/login", "username=alice&password="+password)
	s.answer(i, 303, "", "Location", "https://portal.example/login/callback?code=idp-code-1Qw3Er5Ty7&state=s1")
	i = s.ask("access", "idp", "POST", "https://idp.example/token", "grant_type=authorization_code&code=idp-code-1Qw3Er5Ty7")
	s.answer(i, 200, `{"access_token":"`+idpToken+`","id_token":"`+idToken+`","token_type":"Bearer"}`)
	const callback = "/servers-callback?code=mail-code-8Ui6Yt4Re2&state=s2"
	outer := s.ask("alice.browser", "access", "GET", "https://portal.example"+callback, "")
	inner := s.ask("access", "portal", "GET", "https://portal.internal.example"+callback, "", "Cf-Access-Jwt-Assertion", assertion)
	i = s.ask("portal", "mail-as", "POST", "https://mail-as.example/token",
		"grant_type=authorization_code&code=mail-code-8Ui6Yt4Re2&resource=https%3A%2F%2Fmail.example%2Fmcp")
	s.answer(i, 200, `{"access_token":"`+mailToken+`","refresh_token":"`+mailFresh+`"}`)
	s.answer(inner, 303, "", "Location", "/servers")
	s.answer(outer, 303, "", "Location", "/servers")
	i = s.ask("alice", "access", "POST", "https://portal.example/oauth/token", "grant_type=authorization_code&code=own-code-0Pl9Ok8Ij7")
	s.answer(i, 200, `{"access_token":"`+clientToken+`","refresh_token":"`+clientFresh+`"}`, "Cache-Control", "no-store")
}

// call is a request of alice's on both of its hops; the function makes what the
// portal does meanwhile.
func (s *scene) call(body string, status int, answer func() string, headers ...string) {
	outer := s.ask("alice", "access", "POST", "https://portal.example/mcp", body, append(headers, "Authorization", "Bearer "+clientToken)...)
	inner := s.ask("access", "portal", "POST", "https://portal.internal.example/mcp", body, append(headers, "Cf-Access-Jwt-Assertion", assertion)...)
	said := answer()
	s.answer(inner, status, said)
	s.answer(outer, status, said)
}

func (s *scene) mail() {
	first := len(s.Exchanges)
	s.call(request(1, "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}`), 200, func() string {
		return `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"p","version":"1"}}}`
	})
	for _, i := range []int{first, first + 1} {
		s.Exchanges[i].Response.Header.Set("Mcp-Session-Id", clientID)
	}
	i := s.ask("alice", "access", "POST", "https://portal.example/mcp", `{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		"Mcp-Session-Id", clientID, "Mcp-Protocol-Version", legacyHeader, "Authorization", "Bearer "+clientToken)
	s.answer(i, 202, "")
	s.call(request(2, "tools/call", `{"name":"mail_whoami"}`), 200, func() string {
		i := s.ask("portal", "mail", "POST", "https://mail.example/mcp",
			request(1, "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"p","version":"1"}}`),
			"Authorization", "Bearer "+mailToken)
		s.answer(i, 200, `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"m","version":"1"}}}`,
			"Mcp-Session-Id", mailSession, "Set-Cookie", "stick=here; Path=/", "Www-Authenticate", `Bearer realm="the mail of the town"`)
		i = s.ask("portal", "mail", "POST", "https://mail.example/mcp", request(2, "tools/call", `{"name":"whoami"}`),
			"Authorization", "Bearer "+mailToken, "Mcp-Session-Id", mailSession, "Mcp-Protocol-Version", legacyHeader, "Cookie", "stick=here")
		said := result(2, `{"content":[{"type":"text","text":"alice"}]}`)
		s.answer(i, 200, said)
		return said
	}, "Mcp-Session-Id", clientID, "Mcp-Protocol-Version", legacyHeader)
}

func (s *scene) wiki() {
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"progressToken":"p"}`
	headers := func(name string) []string {
		return []string{"Mcp-Method", "tools/call", "Mcp-Name", name, "Mcp-Protocol-Version", modernHeader}
	}
	said := "event: message\ndata: " + `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1}}` +
		"\n\ndata: " + result(3, `{"resultType":"complete","content":[{"type":"text","text":"3 pages"}]}`) + "\n\n"
	first := len(s.Exchanges)
	s.call(request(3, "tools/call", `{"name":"wiki_search",`+meta+`}`), 200, func() string {
		i := s.ask("portal", "gateway", "POST", "https://wiki.example/mcp", request(1, "server/discover", `{`+meta+`}`),
			"Mcp-Method", "server/discover", "Mcp-Protocol-Version", modernHeader)
		s.answer(i, 200, result(1, `{"resultType":"complete","ttlMs":0,"cacheScope":"private","supportedVersions":["2026-07-28"],"capabilities":{}}`))
		for _, hop := range [][2]trace.Party{{"portal", "gateway"}, {"gateway", "wiki"}} {
			s.ask(hop[0], hop[1], "POST", "https://wiki.example/mcp", request(3, "tools/call", `{"name":"search",`+meta+`}`),
				append(headers("search"), "Authorization", "Bearer "+wikiKey)...)
		}
		s.answer(atWiki, 200, said, "Content-Type", "text/event-stream")
		s.answer(atGateway, 200, said, "Content-Type", "text/event-stream")
		return said
	}, headers("wiki_search")...)
	for _, i := range []int{first, first + 1} {
		s.Exchanges[i].Response.Header.Set("Content-Type", "text/event-stream")
	}
}

func request(id int, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method, params)
}

func result(id int, result string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":%s}`, id, result)
}

// replace changes text in the request, or the answer, of an exchange.
func (s *scene) replace(i int, old, new string) {
	e := &s.Exchanges[i]
	before := e.Request.URL + e.Request.Body
	e.Request.URL, e.Request.Body = strings.ReplaceAll(e.Request.URL, old, new), strings.ReplaceAll(e.Request.Body, old, new)
	if e.Response != nil {
		before += e.Response.Body
		e.Response.Body = strings.ReplaceAll(e.Response.Body, old, new)
	}
	if !strings.Contains(before, old) {
		panic(fmt.Sprintf("exchange %d has no %q to replace", i, old))
	}
}
