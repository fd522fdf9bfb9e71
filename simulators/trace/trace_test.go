package trace_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/trace"
)

var roles = map[trace.Party]trace.Role{
	"alice": trace.Client, "alice.browser": trace.Browser, "access": trace.Access, "portal": trace.Portal,
	"gateway": trace.Gateway, "wiki": trace.Upstream, "mail": trace.Upstream, "idp": trace.IdentityProvider, "admin": trace.Admin,
}

// rpc is an exchange that carries one JSON-RPC request.
func rpc(from, to trace.Party, sent, answered int, method, name string) trace.Exchange {
	body := `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{"name":"` + name + `"}}`
	return trace.Exchange{
		From: from, To: to, Sent: sent, Answered: answered,
		Request:  trace.Request{Method: "POST", URL: "https://" + string(to) + ".example/mcp", Header: http.Header{"Content-Type": {"application/json"}}, Body: body},
		Response: &trace.Response{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"jsonrpc":"2.0","id":1,"result":{}}`},
	}
}

func plain(from, to trace.Party, sent, answered int, method, url string, status int) trace.Exchange {
	return trace.Exchange{From: from, To: to, Sent: sent, Answered: answered,
		Request: trace.Request{Method: method, URL: url}, Response: &trace.Response{Status: status}}
}

func TestStepsAreReadOffTheWire(t *testing.T) {
	challenged := rpc("alice", "access", 1, 2, "initialize", "")
	challenged.Response.Status = 401
	tr := trace.Trace{Roles: roles, Exchanges: []trace.Exchange{
		challenged,
		plain("alice", "access", 3, 4, "GET", "https://access.example/.well-known/oauth-protected-resource/mcp", 200),
		plain("alice.browser", "idp", 5, 6, "GET", "https://idp.example/authorize", 200),
		plain("alice", "access", 7, 8, "POST", "https://access.example/oauth/token", 200),
		rpc("alice", "access", 9, 14, "initialize", ""),
		rpc("access", "portal", 10, 13, "initialize", ""),
		plain("portal", "access", 11, 12, "GET", "https://access.example/cdn-cgi/access/certs", 200),
		rpc("alice", "access", 15, 24, "tools/call", "wiki_search"),
		rpc("access", "portal", 16, 23, "tools/call", "wiki_search"),
		rpc("portal", "gateway", 17, 22, "tools/call", "search"),
		rpc("gateway", "wiki", 18, 21, "tools/call", "search"),
		rpc("portal", "wiki", 25, 26, "tools/list", ""),
		plain("admin", "mail", 27, 28, "GET", "https://mail.example/authorize", 302),
	}}
	var got []string
	for i := range tr.Exchanges {
		got = append(got, tr.StepOf(i).String())
	}
	want := []string{
		"Connect", "Connect", "Authenticate", "Authenticate",
		"Session created", "Session created", "Session created",
		"Tool call proxied", "Tool call proxied", "Tool call proxied", "Upstream request",
		"Background sync", "Administrator action",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestACallWithoutGatewayGoesStraightUpstream(t *testing.T) {
	tr := trace.Trace{Roles: roles, Exchanges: []trace.Exchange{
		rpc("access", "portal", 1, 4, "tools/call", "wiki_search"),
		rpc("portal", "wiki", 2, 3, "tools/call", "search"),
	}}
	if got := tr.StepOf(1); got != trace.UpstreamRequest {
		t.Errorf("step %v, want the upstream request", got)
	}
}

func TestOverlappingSiblingsHaveOneOrder(t *testing.T) {
	sync := func(wikiFirst bool) trace.Trace {
		wiki, mail := rpc("portal", "wiki", 1, 3, "tools/list", ""), rpc("portal", "mail", 2, 4, "tools/list", "")
		if !wikiFirst {
			wiki.Sent, wiki.Answered, mail.Sent, mail.Answered = 2, 3, 1, 4
		}
		return trace.Trace{Roles: roles, Exchanges: []trace.Exchange{wiki, mail}}.Canonical()
	}
	a, b := sync(true), sync(false)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the two orders differ:\n%s", diff)
	}
	if first := a.Exchanges[0]; first.To != "mail" || first.Sent != 1 || first.Answered != 2 || a.Exchanges[1].Sent != 3 {
		t.Errorf("not canonical: %v", a)
	}
}

func TestNestedExchangesKeepTheirNesting(t *testing.T) {
	tr := trace.Trace{Roles: roles, Exchanges: []trace.Exchange{
		rpc("alice", "access", 10, 40, "tools/call", "x"), rpc("access", "portal", 20, 30, "tools/call", "x"),
	}}.Canonical()
	got := []int{tr.Exchanges[0].Sent, tr.Exchanges[1].Sent, tr.Exchanges[1].Answered, tr.Exchanges[0].Answered}
	if diff := cmp.Diff([]int{1, 2, 3, 4}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

const token = "portico_at_Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA"

func TestNamesKeepAValueRecognisable(t *testing.T) {
	issued := plain("alice", "access", 1, 2, "POST", "https://access.example/oauth/token?state=abcdefghijklmnopqrst", 200)
	issued.Response.Header = http.Header{"Content-Type": {"application/json"}, "Date": {"now"}}
	issued.Response.Body = `{"access_token":"` + token + `","token_type":"Bearer"}`
	leaked := rpc("portal", "wiki", 3, 4, "tools/call", "search")
	leaked.Request.Header.Set("Authorization", "Bearer "+token)
	leaked.Request.URL += "?t=" + token

	named := trace.Trace{Roles: roles, Exchanges: []trace.Exchange{issued, leaked}}.Named()

	encoded, err := named.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(encoded), token) || strings.Contains(string(encoded), "abcdefghijklmnopqrst") {
		t.Errorf("a secret is left:\n%s", encoded)
	}
	if got := named.Exchanges[1].Request.Header.Get("Authorization"); got != "Bearer token-1" {
		t.Errorf("Authorization %q, want the token's name", got)
	}
	if got := named.Exchanges[0].Response.Body; !strings.Contains(got, `"token-1"`) {
		t.Errorf("body %s, want the token's name", got)
	}
	if named.Exchanges[0].Response.Header.Get("Date") != "" {
		t.Error("the date is still there")
	}
}

func TestAPageIsReducedToItsTitle(t *testing.T) {
	page := plain("alice.browser", "idp", 1, 2, "GET", "https://idp.example/", 200)
	page.Response.Header = http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	page.Response.Body = `<html><head><title>Sign in</title></head><input name=csrf value=secret>`
	named := trace.Trace{Exchanges: []trace.Exchange{page}}.Named()
	if got := named.Exchanges[0].Response.Body; got != "Sign in" {
		t.Errorf("page %q", got)
	}
}

func TestMessagesOfAStream(t *testing.T) {
	body := ": hello\n\nid: 1\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"method\":\"a\"}\n\nevent: x\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\r\n\r\ndata: other\n\n"
	got := trace.Messages(http.Header{"Content-Type": {"text/event-stream"}}, body)
	if len(got) != 2 || got[0].Method != "a" || string(got[1].ID) != "1" {
		t.Errorf("messages %+v", got)
	}
}

func TestEncodeAndDecode(t *testing.T) {
	in := trace.Trace{Scenario: "s", Roles: roles, Exchanges: []trace.Exchange{rpc("a", "b", 1, 2, "ping", "")}}
	b, err := in.Encode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := trace.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
	if _, err := trace.Decode([]byte(`{"exchanges":[],"colour":"red"}`)); err == nil {
		t.Error("an unknown member was accepted")
	}
}
