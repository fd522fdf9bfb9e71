package matchers_test

import (
	"net/http"
	"slices"
	"testing"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

// handed is a call of alice's, and what the portal makes of it.
func handed(asked, heard string) world.Sight {
	a, b := call("alice", "access", nil, ""), call("portal", "attic", nil, "")
	a.Request.Body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + asked + `}`
	b.Request.Body = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":` + heard + `}`
	return seen(a, b)
}

// told is a call and its answer.
func told(result string) world.Sight {
	e := call("portal", "wiki", nil, `{}`)
	e.Response = &trace.Response{Status: 200, Header: http.Header{"Content-Type": {"application/json"}, "Set-Cookie": {"a=crumbs"}, "Mcp-Session-Id": {"s-1"}},
		Body: `{"jsonrpc":"2.0","id":1,"result":` + result + `}`}
	return seen(e)
}

func fidelityCases() map[string]matcherCase {
	return map[string]matcherCase{
		"BeAskedFor, digit by digit": {BeAskedFor("search", world.Args{"q": 9007199254740993}),
			[]any{seen(call("portal", "wiki", nil, `{"q":9007199254740993}`)), seen(call("portal", "wiki", nil, `{"q":9007199254740993.0}`))},
			[]any{seen(call("portal", "wiki", nil, `{"q":9007199254740992}`))}},
		"HandOn": {HandOn("alice", "attic"), []any{
			handed(`{"name":"attic_x","arguments":{"n":1e2},"_meta":{"io.modelcontextprotocol/x":1,"y":2}}`, `{"arguments":{"n":100},"_meta":{"y":2},"name":"x"}`),
		}, []any{
			nothing, plain, handed(`{"name":"attic_x","_meta":{"y":2}}`, `{"name":"x"}`), handed(`{"name":"attic_x","n":9007199254740993}`, `{"name":"x","n":9007199254740992}`),
			handed(`{"name":"attic_x","n":""}`, `{"name":"x"}`),
		}},
		"Bring":         {Bring("crumbs"), []any{told(`{}`), told(`{"x":"crumbs"}`)}, []any{nothing, plain}},
		"CarryOneOf":    {CarryOneOf([]string{"other", secret}), []any{bearer}, []any{nothing, plain}},
		"BringOneOf":    {BringOneOf([]string{"other", "crumbs"}), []any{told(`{}`)}, []any{nothing, plain}},
		"HaveNoDoubles": {HaveNoDoubles(), []any{[]string{"b", "a"}}, []any{[]string{}, []string{"a", "b", "a"}}},
	}
}

func TestWhatOneReadsFromATrace(t *testing.T) {
	if got := TextsTold(told(`{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}`)); !slices.Equal(got, []string{"a\nb"}) {
		t.Errorf("texts %q", got)
	}
	if got := SessionIDs(told(`{}`)); !slices.Equal(got, []string{"s-1"}) {
		t.Errorf("session ids %q", got)
	}
	if got := TraceOf(handed(`{"_meta":{"traceparent":"1"}}`, `{"_meta":{"traceparent":"2"}}`), "traceparent"); got != "2" {
		t.Errorf("traceparent %q", got)
	}
	e := trace.Exchange{From: "portal", To: "mail-as", Request: trace.Request{Body: `{"redirect_uris":["https://portal.example/servers-callback"]}`},
		Response: &trace.Response{Status: 201, Body: `{"client_id":"c-1"}`}}
	if got := Registered(seen(e), "mail-as", "client_id"); got != "c-1" {
		t.Errorf("registered %v", got)
	}
	if got := Registered(plain, "wiki", "client_id"); got != nil {
		t.Errorf("registered %v by a call", got)
	}
	cookie := trace.Exchange{Request: trace.Request{Header: http.Header{"Cookie": {"a=1; b=2"}}}}
	if got := Cookie(seen(cookie)); got != "2" {
		t.Errorf("cookie %q", got)
	}
}
