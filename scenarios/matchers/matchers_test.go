package matchers_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/onsi/gomega/types"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/gateway"
	"github.com/portico-mcp/portico/simulators/trace"
)

const secret = "s3cret/with+odd=characters"

// call is a tool call from one party to another.
func call(from, to trace.Party, header http.Header, arguments string) trace.Exchange {
	h := http.Header{"Content-Type": {"application/json"}}
	for k, v := range header {
		h[k] = v
	}
	return trace.Exchange{From: from, To: to, Address: "10.0.0.1", Request: trace.Request{
		Method: "POST", URL: "https://wiki.example/mcp", Header: h,
		Body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":` + arguments + `}}`,
	}, Response: &trace.Response{Status: 200, Header: http.Header{"Mcp-Session-Id": {"1"}}}}
}

func seen(exchanges ...trace.Exchange) world.Sight {
	return world.SightOf(trace.Trace{Exchanges: exchanges})
}

func at(address string) world.Sight {
	e := call("portal", "wiki", nil, `{}`)
	e.Request.URL = address
	return seen(e)
}

var (
	nothing = seen()
	plain   = seen(call("portal", "wiki", nil, `{"q":1}`))
	bearer  = seen(call("portal", "wiki", http.Header{"Authorization": {"Bearer " + secret}}, `{}`))
	twice   = seen(call("gateway", "wiki", nil, `{"q":1}`), call("portal", "wiki", nil, `{"q":1}`))
)

// matcherCase is a matcher, what it matches and what it does not.
type matcherCase struct {
	matcher  types.GomegaMatcher
	yes, not []any
}

func TestMatchers(t *testing.T) {
	good := world.Answer{Text: "3 pages", Raw: json.RawMessage(`{}`)}
	failed := world.Answer{Text: "3 pages", IsError: true}
	refused := world.Answer{Error: &client.RPCError{Code: -32602, Message: "unknown wiki"}}
	cases := map[string]matcherCase{
		"HaveText":          {HaveText("3 pages"), []any{good}, []any{failed, refused, world.Answer{Text: "4 pages"}}},
		"Mention":           {Mention("wiki"), []any{refused, world.Answer{Text: "wiki is down"}}, []any{good}},
		"BeAToolError":      {BeAToolError(), []any{failed}, []any{good, refused}},
		"BeRefused":         {BeRefused(-32602), []any{refused}, []any{good, failed, world.Answer{Error: &client.RPCError{Code: -32603}}}},
		"BeRefused, or so":  {BeRefused(-32602, -32601), []any{refused, world.Answer{Error: &client.RPCError{Code: -32601}}}, []any{good, failed, world.Answer{Error: &client.RPCError{Code: -32603}}}},
		"HaveStatus, or so": {HaveStatus(401, 403), []any{world.Reply{Status: 401}, world.Reply{Status: 403}}, []any{world.Reply{Status: 200}}},
		"BeError":           {BeError(-32601), []any{&client.RPCError{Code: -32601}}, []any{&client.RPCError{Code: -1}, (*client.RPCError)(nil)}},
		"HaveStatus":        {HaveStatus(401), []any{world.Reply{Status: 401}}, []any{world.Reply{Status: 200}}},
		"BeARefusal":        {BeARefusal(-32700), []any{world.Reply{Body: `{"error":{"code":-32700}}`}}, []any{world.Reply{Body: `{"result":{}}`}, world.Reply{Body: `no`}}},
		"BeAskedFor":        {BeAskedFor("search", world.Args{"q": 1}), []any{plain}, []any{nothing, twice, bearer}},
		"BeCalled":          {BeCalled(), []any{plain, twice}, []any{nothing}},
		"BeSilent":          {BeSilent(), []any{nothing}, []any{plain}},
		"CarryNoCredential": {CarryNoCredential(), []any{plain}, []any{nothing, bearer}},
		"EachCarry":         {EachCarry("Authorization", "Bearer "+secret), []any{bearer}, []any{nothing, plain, seen(bearer.Exchanges[0], plain.Exchanges[0])}},
		"EachHave":          {EachHave("Authorization"), []any{bearer}, []any{nothing, plain}},
		"EachComeFrom":      {EachComeFrom("10.0.0.1"), []any{plain}, []any{nothing, seen(trace.Exchange{Address: "10.0.0.2"})}},
		"EachBeSentBy":      {EachBeSentBy("portal"), []any{plain}, []any{nothing, twice}},
		"EachReach":         {EachReach("wiki"), []any{plain}, []any{nothing, seen(call("portal", "gateway", nil, `{}`))}},
		"AnswerWith":        {AnswerWith("Mcp-Session-Id"), []any{plain}, []any{nothing, seen(trace.Exchange{})}},
		"Pass":              {Pass("tools/call", "alice", "portal", "wiki"), []any{seen(call("alice", "portal", nil, `{}`), call("portal", "wiki", nil, `{}`))}, []any{nothing, plain}},
		"Carry": {Carry(secret), []any{
			bearer, at("https://wiki.example/?t=" + url.QueryEscape(secret)), at("https://wiki.example/" + hex.EncodeToString([]byte(secret))),
			at("https://wiki.example/" + base64.RawURLEncoding.EncodeToString([]byte(secret))),
			seen(call("portal", "wiki", nil, `{"x":"`+base64.StdEncoding.EncodeToString([]byte(secret))+`"}`)),
		}, []any{nothing, plain}},
		"LogMethod": {LogMethod("tools/list"), []any{[]gateway.Record{{MCPMethod: "tools/list"}}}, []any{[]gateway.Record{}, []gateway.Record{{MCPMethod: "ping"}}}},
		"LogHost":   {LogHost("https://wiki.example/mcp"), []any{[]gateway.Record{{Host: "wiki.example"}}}, []any{[]gateway.Record{{Host: "other.example"}}}},
	}
	for name, c := range signingInCases() {
		cases[name] = c
	}
	for name, c := range inputCases() {
		cases[name] = c
	}
	for name, c := range fidelityCases() {
		cases[name] = c
	}
	for name, c := range cases {
		for _, actual := range c.yes {
			if ok, err := c.matcher.Match(actual); err != nil || !ok {
				t.Errorf("%s does not match %+v: %v\n%s", name, actual, err, c.matcher.FailureMessage(actual))
			}
		}
		for _, actual := range c.not {
			if ok, err := c.matcher.Match(actual); err != nil || ok {
				t.Errorf("%s matches %+v: %v\n%s", name, actual, err, c.matcher.NegatedFailureMessage(actual))
			}
		}
		if _, err := c.matcher.Match(42); err == nil {
			t.Errorf("%s takes a number", name)
		}
	}
}

func TestNothingCarriesTheEmptySecret(t *testing.T) {
	for name, f := range map[string]func(){
		"Carry":      func() { Carry("") },
		"Issued":     func() { Issued(nothing, "idp", "id_token") },
		"Credential": func() { Credential(plain) },
		"Bring":      func() { Bring("") },
		"Cookie":     func() { Cookie(plain) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s proved something from nothing", name)
				}
			}()
			f()
		}()
	}
}

func TestWhatAMatcherShowsIsWhatWasSeen(t *testing.T) {
	if shown := BeSilent().FailureMessage(plain); !strings.Contains(shown, "portal -> wiki") || !strings.Contains(shown, "tools/call search") {
		t.Errorf("shows %s", shown)
	}
}
