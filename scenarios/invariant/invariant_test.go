package invariant_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/invariant"
	"github.com/portico-mcp/portico/simulators/trace"
)

// sends sets a header of the request, tells one of the answer.
func sends(i int, header, value string) func(*scene) {
	return func(s *scene) { s.Exchanges[i].Request.Header.Set(header, value) }
}

func tells(i int, header, value string) func(*scene) {
	return func(s *scene) { s.Exchanges[i].Response.Header.Set(header, value) }
}

func replaces(i int, old, new string) func(*scene) {
	return func(s *scene) { s.replace(i, old, new) }
}

func lacks(i int, header string) func(*scene) {
	return func(s *scene) { s.Exchanges[i].Request.Header.Del(header) }
}

func both(first, second func(*scene)) func(*scene) {
	return func(s *scene) { first(s); second(s) }
}

// presents lets bob in with a token.
func presents(token string) func(*scene) {
	return func(s *scene) {
		s.answer(s.ask("bob", "access", "POST", "https://portal.example/mcp", request(1, "ping", `{}`), "Authorization", "Bearer "+token), 200, result(1, `{}`))
	}
}

// calls has alice call a tool, and the portal whoami at a server.
func calls(name string, server trace.Party) func(*scene) {
	return func(s *scene) {
		s.call(request(7, "tools/call", `{"name":"`+name+`"}`), 200, func() string {
			i := s.ask("portal", server, "POST", "https://"+string(server)+".example/mcp", request(4, "tools/call", `{"name":"whoami"}`))
			s.answer(i, 200, result(4, `{"content":[]}`))
			return result(7, `{"content":[]}`)
		}, "Mcp-Protocol-Version", legacyHeader)
	}
}

// mutants are the town with one thing wrong: where, and all that is found.
var mutants = []struct {
	rule   string
	breaks func(*scene)
	at     int
	says   string
	also   []invariant.Finding // what is wrong for the same reason, by other rules or further on
}{
	{"client-credential-stays", sends(atMail, "Authorization", "Bearer "+clientToken), atMail,
		"the client's access token is in the header Authorization",
		[]invariant.Finding{{Rule: "client-token-stays", Exchange: atMail, Says: "the client's access token is in the header Authorization"}}},
	{"client-credential-stays", replaces(atMail, `"whoami"`, `"whoami","arguments":{"a":"`+base64.StdEncoding.EncodeToString([]byte("x"+clientToken+"yz"))+`"}`), atMail,
		"the client's access token is in the body",
		[]invariant.Finding{{Rule: "client-token-stays", Exchange: atMail, Says: "the client's access token is in the body"}}},
	{"client-credential-stays", sends(atServerToken, "X-Trace", hex.EncodeToString([]byte(clientFresh))), atServerToken,
		"the client's refresh token is in the header X-Trace",
		[]invariant.Finding{{Rule: "client-token-stays", Exchange: atServerToken, Says: "the client's refresh token is in the header X-Trace"}}},
	{"client-credential-stays", sends(atGateway, "Baggage", "t="+strings.ReplaceAll(clientToken, "o", "%6f")), atGateway,
		"the client's access token is in the header Baggage",
		[]invariant.Finding{{Rule: "client-token-stays", Exchange: atGateway, Says: "the client's access token is in the header Baggage"}}},
	{"client-credential-stays", replaces(atWiki, `"search"`, `"search","arguments":{"a":"`+strings.ReplaceAll(clientToken, "q", `\u0071`)+`"}`), atWiki,
		"the client's access token is in the body",
		[]invariant.Finding{{Rule: "client-token-stays", Exchange: atWiki, Says: "the client's access token is in the body"}}},
	{"application-token-stays", sends(atGateway, "X-Identity", assertion), atGateway,
		"the application token is in the header X-Identity", nil},
	{"identity-token-stays", sends(atCallbackInside, "X-Upstream", idpToken), atCallbackInside,
		"the access token of the identity provider is in the header X-Upstream", nil},
	{"server-credential-stays", sends(atSync, "Authorization", "Bearer "+mailToken), atSync,
		"the access token from mail-as.example is in the header Authorization",
		[]invariant.Finding{{Rule: "no-persons-token-in-a-sync", Exchange: atSync, Says: "the access token from mail-as.example is in the header Authorization"}}},
	{"server-credential-stays", sends(atRefusal, "X-Extra", wikiKey), atRefusal,
		"the credential for wiki.example is in the header X-Extra",
		[]invariant.Finding{{Rule: "static-credential-stays", Exchange: atRefusal, Says: "the credential for wiki.example is in the header X-Extra"}}},
	{"static-credential-stays", tells(atPage, "X-Debug", wikiKey), atPage,
		"the credential for wiki.example is in the header X-Debug",
		[]invariant.Finding{{Rule: "no-credential-in-answers", Exchange: atPage, Says: "the credential for wiki.example is in the header X-Debug"}}},
	{"no-credential-in-answers", replaces(atRefused, "unauthorized", "refused: "+mailToken), atRefused,
		"the access token from mail-as.example is in the body",
		[]invariant.Finding{{Rule: "no-credential-in-errors", Exchange: atRefused, Says: "the access token from mail-as.example is in the body"}}},
	{"no-persons-token-in-a-sync", func(s *scene) {
		s.answer(s.ask("portal", "mail", "POST", "https://mail.example/mcp", request(4, "prompts/list", `{}`), "Authorization", "Bearer "+mailToken), 200,
			result(4, `{"prompts":[]}`))
	}, places, "the access token from mail-as.example is in the header Authorization", nil},
	{"client-credential-stays", both(presents(longToken), sends(atWiki, "X-Part", longToken[:25])), atWiki,
		"a part of the client's access token is in the header X-Part",
		[]invariant.Finding{{Rule: "client-token-stays", Exchange: atWiki, Says: "a part of the client's access token is in the header X-Part"}}},
	{"client-credential-stays", both(presents(signedToken), sends(atWiki, "X-Part", "..c2lnbmF0dXJlLW9mLWFsaWNl")), atWiki,
		"a part of the client's access token is in the header X-Part",
		[]invariant.Finding{{Rule: "client-token-stays", Exchange: atWiki, Says: "a part of the client's access token is in the header X-Part"}}},
	{"client-credential-stays", both(presents(longToken), sends(atWiki, "X-Whole", longToken)), atWiki,
		"the client's access token is in the header X-Whole",
		[]invariant.Finding{{Rule: "client-token-stays", Exchange: atWiki, Says: "the client's access token is in the header X-Whole"}}},
	{"clients-tokens-only-where-issued", tells(atPage, "X-Debug", clientToken), atPage,
		"the client's access token is in the header X-Debug", nil},
	{"clients-tokens-only-where-issued", replaces(atChallenge, `"invalid_token"`, `"`+clientFresh+`"`), atChallenge,
		"the client's refresh token is in the body", nil},
	{"server-credential-stays", sends(atMail, "X-Refresh", mailFresh), atMail,
		"the refresh token from mail-as.example is in the header X-Refresh", nil},
	{"server-credential-stays", sends(atSync, "Mcp-Session-Id", mailSession), atSync,
		"the session id at mail.example is in the header Mcp-Session-Id", nil},
	{"persons-token-for-that-person", func(s *scene) {
		s.Exchanges[atMailCall].From = "bob"
		s.Roles["alice.laptop"] = trace.Client
	}, atMailInitialize, `the token that "alice" obtained is in the header Authorization, while only others ask`,
		[]invariant.Finding{{Rule: "persons-token-for-that-person", Exchange: atMail, Says: `the token that "alice" obtained is in the header Authorization, while only others ask`}}},
	{"password-stays", replaces(atMail, `"whoami"`, `"whoami","arguments":{"a":"`+password+`"}`), atMail,
		"a person's password is in the body", nil},
	{"no-credential-in-answers", replaces(atMailCall, `"text":"alice"`, `"text":"Bearer `+mailToken+`"`), atMailCall,
		"the access token from mail-as.example is in the body",
		[]invariant.Finding{{Rule: "calls-cross-unchanged", Exchange: atMail, Says: `"content" of the result does not come back as it was`}}},
	{"no-credential-in-answers", replaces(atChallenge, `"invalid_token"`, `"`+password+` is wrong"`), atChallenge,
		"a person's password is in the body", nil},
	{"no-credential-in-answers", tells(atMailCall, "X-Debug", assertion), atMailCall,
		"the application token is in the header X-Debug", nil},
	{"no-credential-in-urls", replaces(atSync, "/mcp", "/mcp?access_token=x"), atSync,
		"access_token is a parameter of the URL", nil},
	{"no-credential-in-urls", replaces(atSync, "https://", "https://user:pass@"), atSync,
		"a password is in the URL", nil},
	{"no-credential-in-urls", replaces(atSync, "/mcp", "/mcp?key="+wikiKey), atSync,
		"the credential for wiki.example is in the URL", nil},
	{"no-credential-in-urls", tells(atCallback, "Location", "https://portal.example/done#access_token=x"), atCallback,
		"access_token is a parameter of the Location of the answer", nil},
	{"no-credential-in-urls", sends(atLogin, "Referer", "https://portal.example/login/callback?code=c"), atLogin,
		"an authorization code is in the Referer", nil},
	{"tokens-are-not-stored", tells(atClientToken, "Cache-Control", "max-age=60"), atClientToken,
		"Cache-Control does not say no-store", nil},
	{"tokens-are-not-stored", func(s *scene) {
		s.answer(s.ask("alice", "access", "POST", s.Exchanges[atClientToken].Request.URL, "grant_type=refresh_token&refresh_token=x"), 400, `{"error":"invalid_grant"}`)
	}, places, "Cache-Control does not say no-store", nil},
	{"credentials-are-encrypted", replaces(atSync, "https://", "http://"), atSync,
		"the header Authorization travels over plain HTTP", nil},
	{"clients-headers-stay", sends(atMail, "Cookie", "stick=here; theme=dark"), atMail,
		`a cookie "theme" is sent that this host did not set`, nil},
	{"clients-headers-stay", sends(atWiki, "X-Forwarded-User", "alice"), atWiki,
		"the header X-Forwarded-User is sent", nil},
	{"clients-addresses-stay", sends(atSync, "X-Forwarded-For", "192.0.2.7"), atSync,
		"the header X-Forwarded-For is sent", nil},
	{"clients-headers-stay", sends(atSync, "Proxy-Authorization", "Basic x"), atSync,
		"the header Proxy-Authorization is sent", nil},
	{"servers-headers-stay", tells(atMailCall, "Set-Cookie", "stick=here; Secure"), atMailCall,
		`the cookie "stick" is one of "mail.example"`, nil},
	{"servers-challenges-stay", tells(atMailCall, "Www-Authenticate", `Bearer error="x", realm="the mail of the town"`), atMailCall,
		"Www-Authenticate is a server's challenge", nil},
	{"servers-headers-stay", tells(atMailCall, "X-Session", mailSession), atMailCall,
		"the session id at mail.example is in the header X-Session", nil},
	{"sessions-stay-on-their-leg", sends(atWiki, "Mcp-Session-Id", clientID), atWiki,
		"the client's session id is in the header Mcp-Session-Id",
		[]invariant.Finding{{Rule: "no-session-in-2026", Exchange: atWiki, Says: "the request has the header Mcp-Session-Id"}}},
	{"no-session-in-2026", tells(atWikiCall, "Mcp-Session-Id", "new-session-0Aa1Bb2Cc3"), atWikiCall,
		"the answer has the header Mcp-Session-Id", nil},
	{"versions-agree", sends(atGateway, "Mcp-Protocol-Version", "2025-06-18"), atGateway,
		`Mcp-Protocol-Version is "2025-06-18", _meta says "2026-07-28"`, nil},
	{"versions-agree", lacks(atMail, "Mcp-Protocol-Version"), atMail,
		`Mcp-Protocol-Version is "", agreed on was "2025-11-25"`, nil},
	{"versions-agree", sends(atWikiCall, "Mcp-Protocol-Version", "2025-11-25"), atWikiCall,
		`Mcp-Protocol-Version is "2025-11-25", _meta says "2026-07-28", and it was answered with a result`, nil},
	{"names-agree-in-headers", sends(atGateway, "Mcp-Name", "wiki_search"), atGateway,
		`Mcp-Name is "wiki_search", the body says "search"`, nil},
	{"names-agree-in-headers", lacks(atGateway, "Mcp-Method"), atGateway,
		`Mcp-Method is missing, the body says "tools/call"`, nil},
	{"names-agree-in-headers", sends(atWikiCall, "Mcp-Name", "wiki_safe"), atWikiCall,
		`Mcp-Name is "wiki_safe", the body says "wiki_search", and it was answered with a result`, nil},
	{"sync-bypasses-gateway", func(s *scene) { s.Exchanges[atSync].To = "gateway" }, atSync,
		"tools/list passes the gateway while nobody asks the portal", nil},
	{"portal-fits-the-schema", replaces(atWikiCall, `"resultType":"complete",`, ``), atWikiCall,
		`"tools/call" /result: lacks resultType`,
		[]invariant.Finding{{Rule: "results-say-their-type", Exchange: atWikiCall, Says: "a result is without resultType"}}},
	{"portal-fits-the-schema", replaces(atGateway, `,"io.modelcontextprotocol/clientCapabilities":{}`, ``), atGateway,
		`"tools/call" /params/_meta: lacks io.modelcontextprotocol/clientCapabilities`,
		[]invariant.Finding{{Rule: "requests-say-who-sends", Exchange: atGateway, Says: "the request does not say what its sender can do"}}},
	{"portal-fits-the-schema", replaces(atMail, `"id":2,"method"`, `"id":null,"method"`), atMail,
		`"tools/call" /id: is null, not integer or string`, nil},
	{"misfits-are-refused", replaces(atWikiCall, `"io.modelcontextprotocol/clientCapabilities":{},`, ``), atWikiCall,
		`"tools/call" /params/_meta: lacks io.modelcontextprotocol/clientCapabilities, and it was answered with a result`, nil},
	{"others-fit-the-schema", replaces(atSync, `"name":"search",`, ``), atSync,
		`"tools/list" /result/tools/0: lacks name`, nil},
	{"answers-carry-the-id", replaces(atMailCall, `"id":2,"result"`, `"id":3,"result"`), atMailCall,
		"an answer carries an id that nobody asked under", nil},
	{"answers-carry-the-id", replaces(atMailCall, `"id":2,"result"`, `"id":"2","result"`), atMailCall,
		"an answer carries an id that nobody asked under", nil},
	{"answers-are-json-or-events", func(s *scene) { s.Exchanges[atMailCall].Response.Body = "{}" }, atMailCall,
		"the answer is not one JSON object of JSON-RPC",
		[]invariant.Finding{{Rule: "answers-carry-the-id", Exchange: atMailCall, Says: `"tools/call" gets no answer, though the status is 200`}}},
	{"answers-carry-the-id", replaces(atMailCall, `"id":2,"result":{"content":[{"type":"text","text":"alice"}]}`, `"error":{"code":-32603,"message":"m"}`), atMailCall,
		"an answer is without the id, which could be read", nil},
	{"answers-are-json-or-events", tells(atMailCall, "Content-Type", "text/plain"), atMailCall,
		`the answer's content type is "text/plain"`, nil},
	{"calls-cross-unchanged", func(s *scene) {
		s.replace(atMailCall, `"mail_whoami"`, `"mail_whoami","arguments":{"n":12345678901234567890,"s":1.50}`)
		s.replace(atMail, `"whoami"`, `"whoami","arguments":{"n":12345678901234567000,"s":1.5}`)
	}, atMail, `"arguments" of the call does not reach the server as it was`, nil},
	{"calls-cross-unchanged", replaces(atWikiCall, `"wiki_search",`, `"wiki_search","extra":[null],`), atGateway,
		`"extra" of the call does not reach the server as it was`, nil},
	{"calls-cross-unchanged", replaces(atWikiCall, `"_meta":{`, `"_meta":{"com.example/note":"kept",`), atGateway,
		`"_meta" of the call does not reach the server as it was`, nil},
	{"calls-cross-unchanged", replaces(atMail, `"content":[`, `"structuredContent":{"a":1},"content":[`), atMail,
		`"structuredContent" of the result does not come back as it was`, nil},
	{"capabilities-are-the-callers", replaces(atGateway, `clientCapabilities":{}`, `clientCapabilities":{"sampling":{"tools":{}}}`), atGateway,
		`"sampling" is offered, which the client does not`,
		[]invariant.Finding{{Rule: "capabilities-are-the-callers", Exchange: atGateway, Says: `"sampling.tools" is offered, which the client does not`}}},
	{"what-may-be-kept-says-so", replaces(atNextPage, `"private"`, `"public"`), atNextPage,
		`cacheScope is "public", and was "private" on the page before`, nil},
	{"names-are-listed-once", replaces(atNextPage, `wiki_count`, `wiki_search`), atNextPage,
		`"wiki_search" is listed twice`, nil},
	{"servers-refusals-stay", func(s *scene) {
		s.Exchanges[atRefused].Response = &trace.Response{Status: 403, Header: http.Header{}}
	}, atRefusal, "the client is told 403, as if it were the one refused", nil},
	{"no-stream-in-2026", func(s *scene) { s.Exchanges[atStream].Response.Status = 200 }, atStream,
		"GET is answered 200", nil},
	{"no-stream-in-2026", func(s *scene) {
		s.answer(s.ask("alice", "access", "POST", "https://portal.example/mcp", s.Exchanges[atPage].Request.Body,
			"Mcp-Method", "tools/list", "Mcp-Protocol-Version", modernHeader, "Mcp-Session-Id", "of-old"), 404, "")
	}, places, "a request that names a session of old is answered 404", nil},
	{"metadata-offers-s256", replaces(atMetadata, `["S256"]`, `["S256","plain"]`), atMetadata,
		`code_challenge_methods_supported is "S256 plain"`, nil},
	{"metadata-names-challenges", replaces(atMetadata, `"code_challenge_methods_supported":["S256"],`, ``), atMetadata,
		"the metadata is without code_challenge_methods_supported",
		[]invariant.Finding{{Rule: "metadata-offers-s256", Exchange: atMetadata, Says: `code_challenge_methods_supported is ""`}}},
	{"metadata-offers-no-old-grant", replaces(atMetadata, `["authorization_code"]`, `["authorization_code","password"]`), atMetadata,
		"grant_types_supported has password", nil},
	{"metadata-offers-no-old-grant", replaces(atMetadata, `"grant_types_supported":["authorization_code"],`, ``), atMetadata,
		"grant_types_supported has implicit", nil},
	{"metadata-offers-no-old-grant", replaces(atMetadata, `["code"]`, `["code","code token"]`), atMetadata,
		`response_types_supported has "code token"`, nil},
	{"nobody-names-offline-access", tells(atChallenge, "Www-Authenticate", `Bearer scope="mcp offline_access"`), atChallenge,
		"a challenge names offline_access", nil},
	{"nobody-names-offline-access", replaces(atResource, `["mcp"]`, `["mcp","offline_access"]`), atResource,
		"scopes_supported has offline_access", nil},
	{"answers-say-who-gives-them", tells(atConsent, "Location", "http://127.0.0.1:9/callback?error=access_denied&state=s3"), atConsent,
		"a browser is sent back without iss, which the metadata announces", nil},
	{"answers-say-who-gives-them", replaces(atMetadata, `,"authorization_response_iss_parameter_supported":true`, ``), atConsent,
		"a browser is sent back with iss, which the metadata does not announce", nil},
	{"forms-lead-on-by-get", func(s *scene) { s.Exchanges[atConsent].Response.Status = 307 }, atConsent,
		"the status is 307", nil},
	{"resources-are-named", replaces(atServerToken, "mail.example%2Fmcp", "mail.example"), atServerToken,
		`resource is "https://mail.example", as which no server there names itself`, nil},
	{"resources-are-named", replaces(atAuthorize, "&resource=https%3A%2F%2Fmail.example%2Fmcp", ""), atAuthorize,
		`resource is "", as which no server there names itself`, nil},
	{"answers-hold-no-request", replaces(atWikiCall, "event: message\n", "data: "+request(8, "roots/list", `{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}`)+"\n\n"),
		atWikiCall, `the answer holds the request "roots/list"`, nil},
	{"error-codes-are-known", replaces(atWikiCallInside, `"result":{"resultType":"complete","content":[{"type":"text","text":"3 pages"}]}`, `"error":{"code":-32042,"message":"m"}`),
		atWikiCallInside, "the code -32042 is retired", nil},
	{"error-codes-are-known", replaces(atWikiCallInside, `"result":{"resultType":"complete","content":[{"type":"text","text":"3 pages"}]}`, `"error":{"code":-32030,"message":"m"}`),
		atWikiCallInside, "the code -32030 is reserved, and nobody defined it", nil},
	{"progress-was-asked-for", replaces(atWikiCall, `"params":{"progressToken":"p"`, `"params":{"progressToken":"q"`), atWikiCall,
		"progress is told under a token that the request does not have", nil},
	{"progress-was-asked-for", replaces(atWikiCall, "event: message\n", "data: "+progress(2)+"\n\n"), atWikiCall,
		"progress goes from 2 to 1", nil},
	{"progress-was-asked-for", func(s *scene) { s.Exchanges[atWikiCall].Response.Body += "data: " + progress(2) + "\n\n" }, atWikiCall,
		"progress is told after the answer", nil},
	{"answers-carry-the-id", func(s *scene) {
		s.Exchanges[atWikiCall].Response.Body += "data: " + result(3, `{"resultType":"complete","content":[]}`) + "\n\n"
	}, atWikiCall, `"tools/call" is answered 2 times`, nil},
	{"no-answer-is-posted", func(s *scene) { s.Exchanges[atGateway].Request.Body = result(3, `{"resultType":"complete"}`) }, atGateway,
		"the request is an answer", nil},
	{"notifications-get-202", func(s *scene) { s.Exchanges[atInitialized].Response.Body = "ok" }, atInitialized,
		"the answer has a body", nil},
	{"server-credential-stays", func(s *scene) {
		i := s.ask("portal", "mail-as", "POST", "https://mail-as.example/token", "grant_type=refresh_token&refresh_token="+mailFresh)
		s.answer(i, 200, `{"access_token":"mail-access-second-4Gh7Jk"}`)
		s.answer(s.ask("portal", "trap", "GET", "https://trap.example/", "", "Authorization", "Bearer mail-access-second-4Gh7Jk"), 200, "")
	}, places + 1, "the access token from mail-as.example is in the header Authorization", nil},
	{"credentials-are-encrypted", replaces(atServerToken, "https://mail-as", "http://mail-as"), atServerToken,
		"a token is answered over plain HTTP", nil},
	{"calls-go-to-their-server", calls("mail_whoami", "wiki"), places + 2, `what belongs to "mail" is called at "wiki"`, nil},
	{"calls-go-to-their-server", both(calls("post_whoami", "mail"), calls("post_whoami", "wiki")), places + 5,
		`what belongs to "post" is called at "wiki.example", and before at "mail.example"`, nil},
	{"notifications-get-202", func(s *scene) {
		s.answer(s.ask("alice", "access", "POST", "https://portal.example/mcp", result(1, `{}`), "Mcp-Protocol-Version", legacyHeader), 302, "", "Location", "/")
	}, places, "the status is 302", nil},
	{"notifications-get-202", func(s *scene) { s.Exchanges[atInitialized].Response.Status = 200 }, atInitialized,
		"the status is 200", nil},
	{"names-lose-their-prefix", replaces(atMail, `"whoami"`, `"delete_all"`), atMail,
		`"delete_all" is called, though what was asked for is "mail_whoami"`, nil},
	{"names-lose-their-prefix", func(s *scene) {
		s.replace(atGateway, `"search"`, `"wiki_search"`)
		s.Exchanges[atGateway].Request.Header.Set("Mcp-Name", "wiki_search")
	}, atGateway, `"wiki_search" is called, though what was asked for is "wiki_search"`, nil},
}

func progress(n int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":%d}}`, n)
}

// allowed are changes of the town that look wrong and are not.
var allowed = map[string]func(*scene){
	"a name in Base64":      sends(atGateway, "Mcp-Name", "=?base64?c2VhcmNo?="),
	"the door's own cookie": tells(atCallback, "Set-Cookie", "CF_Authorization="+assertion+"; Secure"),
	"a hint at sign-out":    replaces(atLogin, "/login", "/logout?id_token_hint="+idToken),
	"a kind of content of the future": func(s *scene) {
		s.replace(atMail, `"type":"text"`, `"type":"hologram"`)
		s.replace(atMailCall, `"type":"text"`, `"type":"hologram"`)
	},
	"a revision of the future": func(s *scene) {
		s.replace(atSync, `"params":{}`, `"params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2099-01-01"}}`)
		s.Exchanges[atSync].Request.Header.Set("Mcp-Protocol-Version", "2099-01-01")
	},
	"plain HTTP on this machine":        replaces(atCallbackInside, "https://portal.internal.example", "http://127.0.0.1:7801"),
	"plain HTTP in a container network": replaces(atCallbackInside, "https://portal.internal.example", "http://portal:8080"),
	"a revision before the header": func(s *scene) {
		s.replace(atMailInitialize, `"result":{"protocolVersion":"2025-11-25"`, `"result":{"protocolVersion":"2025-03-26"`)
		s.Exchanges[atMail].Request.Header.Del("Mcp-Protocol-Version")
	},
	"an alias nobody has listed yet":       func(s *scene) { s.Exchanges = s.Exchanges[:atSync] },
	"an answer that was cut":               func(s *scene) { s.Exchanges[atWikiCall].Response.Body = "event: message\n" },
	"an answer that never came":            func(s *scene) { s.Exchanges[atMailCall].Response, s.Exchanges[atMailCall].Answered = nil, 0 },
	"a proxy's credential for the gateway": sends(atGateway, "Proxy-Authorization", "Basic eDp5"),
	"a code of the portal's in a path of the client's own": func(s *scene) {
		s.answer(s.ask("alice.browser", "alice", "GET", "http://127.0.0.1:9/callback?code=own-code-0Pl9Ok8Ij7", ""), 200, "")
	},
	"the admin's token in everybody's calls": func(s *scene) {
		s.Roles["admin"] = trace.Admin
		s.answer(s.ask("alice", "admin", "GET", "https://admin.example/servers", "", "Authorization", "Bearer admin-token-6Yh5Gt"), 200, "")
		s.Exchanges[atMailCall].From = "bob"
	},
	"a tool of the portal's that calls others": func(s *scene) {
		s.replace(atMailCall, "mail_whoami", "portal_codemode_execute")
		s.replace(atMailCallInside, "mail_whoami", "portal_codemode_execute")
	},
	"another way to write a prefix": func(s *scene) {
		s.replace(atMailCall, "mail_whoami", "mail.whoami")
		s.replace(atMailCallInside, "mail_whoami", "mail.whoami")
	},
	"calls at once, written one after another": func(s *scene) {
		const mail, wiki = `{"name":"mail_whoami"}`, `{"name":"wiki_search","arguments":{"n":1}}`
		open := func(who trace.Party, id int, params string) (answer func()) {
			outer := s.ask(who, "access", "POST", "https://portal.example/mcp", request(id, "tools/call", params), "Authorization", "Bearer "+clientToken)
			inner := s.ask("access", "portal", "POST", "https://portal.internal.example/mcp", request(id, "tools/call", params))
			return func() {
				s.answer(inner, 200, result(id, `{"content":[]}`))
				s.answer(outer, 200, result(id, `{"content":[]}`))
			}
		}
		alices, bobs := open("alice", 7, mail), open("bob", 8, wiki)
		i := s.ask("portal", "mail", "POST", "https://mail.example/mcp", request(1, "tools/call", `{"name":"whoami"}`), "Authorization", "Bearer "+mailToken)
		j := s.ask("portal", "wiki", "POST", "https://wiki.example/mcp", request(1, "tools/call", `{"name":"search","arguments":{"n":1}}`))
		s.answer(i, 200, result(1, `{"content":[]}`))
		s.answer(j, 200, result(1, `{"content":[]}`))
		bobs()
		alices()
		s.Trace = s.Canonical()
	},
	"a refused misfit": func(s *scene) {
		i := s.ask("alice", "access", "POST", "https://portal.example/mcp", `{"jsonrpc":"2.0","id":null,"method":"tools/call"}`)
		s.answer(i, 400, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"m"}}`)
	},
	"a stream beside everything else": func(s *scene) {
		i := s.ask("alice", "access", "GET", "https://portal.example/mcp", "", "Authorization", "Bearer "+clientToken)
		s.answer(i, 200, "data: "+progress(1)+"\n\n", "Content-Type", "text/event-stream")
	},
}

func TestWhatIsAllowedIsNotFound(t *testing.T) {
	for what, change := range allowed {
		s := town()
		change(s)
		for _, f := range invariant.Judge(s.Trace) {
			t.Errorf("%s: %+v", what, f)
		}
	}
}

// What is wrong inside a server's content is the server's, though the portal
// hands it on.
func TestWhatIsRelayedIsNotThePortals(t *testing.T) {
	s := town()
	for _, i := range []int{atMail, atMailCall, atMailCallInside} {
		s.replace(i, `"text":"alice"`, `"words":"alice"`)
	}
	want := []invariant.Finding{{Rule: "others-fit-the-schema", Exchange: atMail, Says: `"tools/call" /result/content/0: lacks text`}}
	if diff := cmp.Diff(want, invariant.Judge(s.Trace)); diff != "" {
		t.Error(diff)
	}
}

// A trace with more secrets than can be told apart is not judged by them, and
// says so: nothing is not a pass.
func TestTooManySecretsAreNotJudged(t *testing.T) {
	s := town()
	for i := range 60_000 {
		s.answer(s.ask("bob", "access", "DELETE", "https://portal.example/mcp", "", "Authorization", fmt.Sprintf("Bearer flood-of-tokens-%d", i)), 204, "")
	}
	for _, r := range invariant.Examine(s.Trace) {
		if strings.HasSuffix(r.Rule.ID, "-stays") && r.Rule.ID != "clients-headers-stay" && r.Saw > 0 {
			t.Errorf("%s judged %d", r.Rule.ID, r.Saw)
		}
	}
}

func TestEveryRuleJudgesTheTownAndItHolds(t *testing.T) {
	for _, r := range invariant.Examine(town().Trace) {
		if r.Saw == 0 {
			t.Errorf("%s judged nothing", r.Rule.ID)
		}
		for _, f := range r.Findings {
			t.Errorf("%+v", f)
		}
	}
}

func TestEveryMutantIsFoundWhereItIsWrong(t *testing.T) {
	broken := map[string]bool{}
	for _, m := range mutants {
		s := town()
		m.breaks(s)
		want := append([]invariant.Finding{{Rule: m.rule, Exchange: m.at, Says: m.says}}, m.also...)
		if diff := cmp.Diff(want, invariant.Judge(s.Trace)); diff != "" {
			t.Errorf("%s at %d: %s", m.rule, m.at, diff)
		}
		broken[m.rule] = true
		for _, f := range m.also {
			broken[f.Rule] = true
		}
	}
	for _, r := range invariant.Rules() {
		if !broken[r.ID] {
			t.Errorf("no mutant breaks %s", r.ID)
		}
	}
}

func TestRulesNameRequirementsThatExist(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range invariant.Rules() {
		if seen[r.ID] || r.Says == "" || r.Level == "" || r.Requirements == nil {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
		for _, id := range r.Requirements {
			if _, err := fixtures.FindRequirement(id); err != nil {
				t.Errorf("%s: %v", r.ID, err)
			}
		}
	}
}

// A trace that does not say who is who gives most rules nothing, and none of
// them a reason to accuse.
func TestWithoutRolesThereIsLessToSee(t *testing.T) {
	s := town()
	s.Roles = nil
	for _, r := range invariant.Examine(s.Trace) {
		if len(r.Findings) > 0 || (r.Saw > 0) != (r.Rule.ID == "others-fit-the-schema") {
			t.Errorf("%s saw %d: %v", r.Rule.ID, r.Saw, r.Findings)
		}
		if n := r.Rule.Sees(s.Trace); n != r.Saw {
			t.Errorf("%s sees %d and saw %d", r.Rule.ID, n, r.Saw)
		}
	}
}

// Who presents another's token and is refused does not make it a client's.
func TestARefusedTokenIsNobodys(t *testing.T) {
	s := town()
	i := s.ask("bob", "access", "POST", "https://portal.example/mcp?access_token=x", request(1, "ping", `{}`), "Authorization", "Bearer "+mailToken)
	s.answer(i, 401, "")
	if found := invariant.Judge(s.Trace); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// An alias is called by the tool's own name; a server's list tells which is which.
func TestAnAliasIsNoOtherTool(t *testing.T) {
	s := town()
	for _, i := range []int{atWikiCall, atWikiCallInside} {
		s.replace(i, "wiki_search", "wiki_look_up")
		s.Exchanges[i].Request.Header.Set("Mcp-Name", "wiki_look_up")
	}
	if found := invariant.Judge(s.Trace); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	s.replace(atSync, `[{"name":"search"`, `[{"name":"look_up","inputSchema":{"type":"object"}},{"name":"search"`)
	want := []invariant.Finding{{Rule: "names-lose-their-prefix", Exchange: atGateway, Says: `"search" is called, though what was asked for is "wiki_look_up"`}}
	if diff := cmp.Diff(want, invariant.Judge(s.Trace)); diff != "" {
		t.Error(diff)
	}
}

// What a finding says holds neither a secret nor anything that moves a cursor.
func TestFindingsAreSafeToPrint(t *testing.T) {
	s := town()
	s.replace(atMail, `"whoami"`, `"\u001b[2J`+clientToken+`"`)
	found := invariant.Judge(s.Trace)
	if len(found) != 3 {
		t.Fatalf("found %+v", found)
	}
	for _, f := range found {
		if strings.Contains(f.Says, clientToken) || strings.ContainsRune(f.Says, '\x1b') {
			t.Errorf("%q", f.Says)
		}
	}
	if want := `"\x1b[2J‹the client's access token›" is called, though what was asked for is "mail_whoami"`; found[2].Says != want {
		t.Errorf("says %q, want %q", found[2].Says, want)
	}
}

// The same holds in a trace with names for its secrets, where "token-1" is not
// found in "refresh-token-12".
func TestATraceWithNamesIsJudgedToo(t *testing.T) {
	s := town()
	if found := invariant.Judge(s.Named()); len(found) > 0 {
		t.Fatalf("%+v", found)
	}
	sends(atMail, "Authorization", "Bearer "+clientToken)(s)
	const says = "the client's access token is in the header Authorization"
	want := []invariant.Finding{{Rule: "client-credential-stays", Exchange: atMail, Says: says}, {Rule: "client-token-stays", Exchange: atMail, Says: says}}
	if diff := cmp.Diff(want, invariant.Judge(s.Named())); diff != "" {
		t.Error(diff)
	}
}

// Header names may be spelled in any way by who captured them.
func TestHeaderNamesAreAnyCase(t *testing.T) {
	s := town()
	s.Exchanges[atSync].Request.Header = http.Header{"authorization": {"Bearer " + mailToken}, "content-type": {"application/json"}}
	const says = "the access token from mail-as.example is in the header Authorization"
	want := []invariant.Finding{{Rule: "server-credential-stays", Exchange: atSync, Says: says}, {Rule: "no-persons-token-in-a-sync", Exchange: atSync, Says: says}}
	if diff := cmp.Diff(want, invariant.Judge(s.Trace)); diff != "" {
		t.Error(diff)
	}
}

func TestTheObservedStoriesHold(t *testing.T) {
	saw := map[string]int{}
	for _, observed := range observations(t) {
		for _, r := range invariant.Examine(observed) {
			saw[r.Rule.ID] += r.Saw
			for _, f := range r.Findings {
				t.Errorf("%s: %+v", observed.Scenario, f)
			}
		}
	}
	for _, id := range []string{"client-credential-stays", "server-credential-stays", "portal-fits-the-schema", "sync-bypasses-gateway", "names-lose-their-prefix"} {
		if saw[id] == 0 {
			t.Errorf("%s judged nothing", id)
		}
	}
}

// observations are the traces of the pictured stories.
func observations(t testing.TB) []trace.Trace {
	t.Helper()
	files, err := filepath.Glob("../../diagrams/observed/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d observed stories, error %v", len(files), err)
	}
	var all []trace.Trace
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		observed, err := trace.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, observed)
	}
	return all
}

func BenchmarkJudge(b *testing.B) {
	all := observations(b)
	exchanges := 0
	for b.Loop() {
		for _, t := range all {
			exchanges += len(t.Exchanges)
			invariant.Judge(t)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(exchanges), "µs/exchange")
}

// FuzzJudge feeds what no portal would send: nothing may panic, and equal
// traces are judged equally.
func FuzzJudge(f *testing.F) {
	s := town()
	for _, m := range mutants {
		s = town()
		m.breaks(s)
		e := s.Exchanges[m.at]
		f.Add(e.Request.URL, e.Request.Body, e.Response.Body, e.Request.Header.Get("Authorization"), uint8(m.at))
	}
	f.Add("%", "{\"jsonrpc\":\"2.0\",\"id\":1e999999999,\"method\":\"tools/call\"}", "data: {\"jsonrpc\":2}\r\r", "Basic Og==", uint8(atWiki))
	f.Fuzz(func(t *testing.T, address, body, answer, header string, at uint8) {
		s := town()
		e := &s.Exchanges[int(at)%places]
		e.Request.URL, e.Request.Body, e.Response.Body = address, body, answer
		for _, name := range []string{"Authorization", "Cookie", "Mcp-Name", "Mcp-Protocol-Version", "Mcp-Session-Id", "Referer"} {
			e.Request.Header.Set(name, header)
			e.Response.Header.Set(name, header)
		}
		e.Response.Header.Set("Www-Authenticate", header)
		e.Response.Header.Set("Set-Cookie", header)
		e.Answered = int(at) - 128
		if !slices.Equal(invariant.Judge(s.Trace), invariant.Judge(s.Trace)) {
			t.Error("judged differently twice")
		}
	})
}
