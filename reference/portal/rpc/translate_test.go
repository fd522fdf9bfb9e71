package rpc_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

const old, now = rpc.Stateful, rpc.Stateless

func TestTranslateParams(t *testing.T) {
	c := rpc.Caller{Capabilities: json.RawMessage(`{"elicitation":{},"x":{"y":1}}`), ClientInfo: json.RawMessage(`{"name":"c"}`)}
	stamp := `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"x":{"y":1}},"io.modelcontextprotocol/clientInfo":{"name":"c"}`
	tests := []struct {
		name, params string
		from, to     rpc.Revision
		want         string
	}{
		{"same", ` {"_meta":{"io.modelcontextprotocol/x":1}} `, now, now, ` {"_meta":{"io.modelcontextprotocol/x":1}} `},
		{"same era", `{ }`, old, "2025-06-18", `{ }`},
		{"to stateless", `{"name":"a","arguments":{"n":9007199254740993}}`, old, now, `{"name":"a","arguments":{"n":9007199254740993},"_meta":{` + stamp + `}}`},
		{"to stateless with _meta", `{"_meta":{"progressToken":1.0},"name":"a"}`, old, now, `{"_meta":{"progressToken":1.0,` + stamp + `},"name":"a"}`},
		{"to stateless without params", ``, old, now, `{"_meta":{` + stamp + `}}`},
		{"to stateful", `{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","traceparent":"00-1", "io.modelcontextprotocol\/clientInfo":{}},"name":"a"}`, now, old,
			`{"_meta":{"traceparent":"00-1"},"name":"a"}`},
		{"to stateful, empty _meta goes", `{"name":"a" ,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}`, now, old, `{"name":"a"}`},
		{"to stateful, answers go", `{"requestState":"s","name":"a","inputResponses":{}}`, now, old, `{"name":"a"}`},
		{"to stateful without params", ``, now, old, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var params json.RawMessage
			if tt.params != "" {
				params = json.RawMessage(tt.params)
			}
			got, err := rpc.TranslateParams(params, tt.from, tt.to, c)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTranslateParamsOfAnUnknownCaller(t *testing.T) {
	got, err := rpc.TranslateParams(nil, old, now, rpc.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`clientCapabilities":{}`, `clientInfo":{"name":"portico"`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

func TestTranslateResult(t *testing.T) {
	tests := []struct {
		name, method, result string
		from, to             rpc.Revision
		want                 string
	}{
		{"same", "tools/call", `{ "content":[] }`, now, now, `{ "content":[] }`},
		{"call to stateless", "tools/call", `{"content":[{"type":"video","x":1.0}],"isError":false}`, old, now, `{"content":[{"type":"video","x":1.0}],"isError":false,"resultType":"complete"}`},
		{"prompt to stateless", "prompts/get", `{"messages":[]}`, old, now, `{"messages":[],"resultType":"complete"}`},
		{"list to stateless", "prompts/list", `{"prompts":[],"nextCursor":""}`, old, now, `{"prompts":[],"nextCursor":"","resultType":"complete","ttlMs":0,"cacheScope":"private"}`},
		{"tools to stateless", "tools/list", `{"tools":[{"name":"a"},{"name":"b","execution":{"taskSupport":"optional"}},{"name":"c","execution":{"taskSupport":"required"}}]}`, old, now,
			`{"tools":[{"name":"a"},{"name":"b"}],"resultType":"complete","ttlMs":0,"cacheScope":"private"}`},
		{"ping to stateless", "ping", `{}`, old, now, `{"resultType":"complete"}`},
		{"initialize to discover", "initialize", `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"w"}}`, old, now,
			`{"capabilities":{"tools":{}},"supportedVersions":["2026-07-28"],"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"w"}},"resultType":"complete","ttlMs":0,"cacheScope":"private"}`},
		{"call to stateful", "tools/call", `{"resultType":"complete","content":[],"ttlMs":5,"structuredContent":{"a":1}}`, now, old, `{"content":[],"ttlMs":5,"structuredContent":{"a":1}}`},
		{"structured array to stateful", "tools/call", `{"content":[],"structuredContent":[1]}`, now, old, `{"content":[]}`},
		{"list to stateful", "prompts/list", `{"resultType":"complete","prompts":[ ],"ttlMs":1,"cacheScope":"public"}`, now, old, `{"prompts":[ ]}`},
		{"tools to stateful", "tools/list", `{"tools":[{"name":"a","outputSchema":{"type":"object"}},{"name":"b","outputSchema":{"anyOf":[]}},{"name":"c","outputSchema":true}]}`, now, old,
			`{"tools":[{"name":"a","outputSchema":{"type":"object"}},{"name":"b"},{"name":"c"}]}`},
		{"unchanged tools keep their bytes", "tools/list", `{"tools":[ {"name":"a"} ]}`, now, old, `{"tools":[ {"name":"a"} ]}`},
		{"discover to initialize", "server/discover", `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"w"}},"ttlMs":1,"cacheScope":"public"}`, now, old,
			`{"capabilities":{},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"w"}},"protocolVersion":"2025-11-25","serverInfo":{"name":"w"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := rpc.TranslateResult(tt.method, json.RawMessage(tt.result), tt.from, tt.to)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTranslateResultRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ result, says string }{
		"input required":       {`{"resultType":"input_required","inputRequests":{}}`, "input_required"},
		"unknown type":         {`{"resultType":"later"}`, "result type"},
		"type not a string":    {`{"resultType":1}`, "result type"},
		"folded type":          {`{"ResultType":"input_required"}`, "mistaken"},
		"result not an object": {`[]`, "not an object"},
	} {
		_, err := rpc.TranslateResult("tools/call", json.RawMessage(tt.result), now, old)
		var refused *rpc.Error
		if !errors.As(err, &refused) || !strings.Contains(refused.Message, tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckResultType(t *testing.T) {
	for result, good := range map[string]bool{
		`{}`: true, `{"resultType":"complete"}`: true, `{"resultType":"input_required"}`: true,
		`{"resultType":"task"}`: false, `{"resultType":"x"}`: false, `{"resultType":null}`: false,
	} {
		err := rpc.CheckResultType(parse(t, `{"jsonrpc":"2.0","id":1,"result":`+result+`}`))
		if (err == nil) != good {
			t.Errorf("%s: %v", result, err)
		}
	}
}

func TestTranslateError(t *testing.T) {
	tests := []struct {
		name, e  string
		from, to rpc.Revision
		want     string
	}{
		{"own code", `{"code": -32001,"message":"m","data":{"n":1.0}}`, old, now, `{"code": -32001,"message":"m","data":{"n":1.0}}`},
		{"internal", `{"code":-32603,"message":"m","x":1}`, now, old, `{"code":-32603,"message":"m","x":1}`},
		{"same stateful", `{"code":-32042,"message":"m"}`, old, old, `{"code":-32042,"message":"m"}`},
		{"resource missing to stateless", `{"code":-32002,"message":"m","data":{"uri":"a:b"}}`, old, now, `{"code":-32602,"message":"m","data":{"uri":"a:b"}}`},
		{"resource missing, both stateless", `{"code":-32002,"message":"m"}`, now, now, `{"code":-32602,"message":"m"}`},
		{"URL elicitation to stateless", `{"code":-32042,"message":"m"}`, old, now, `{"code":-32603,"message":"m"}`},
		{"undefined reserved code", `{"code":-32050,"message":"m"}`, old, now, `{"code":-32603,"message":"m"}`},
		{"own header was wrong", `{"code":-32020,"message":"m"}`, now, now, `{"code":-32603,"message":"m"}`},
		{"own version was wrong", `{"code":-32022,"message":"m"}`, now, old, `{"code":-32603,"message":"m"}`},
		{"capability, both stateless", `{"code":-32021,"message":"m"}`, now, now, `{"code":-32021,"message":"m"}`},
		{"capability to stateful", `{"code":-32021,"message":"m"}`, now, old, `{"code":-32602,"message":"m"}`},
		{"resource missing to stateful", `{"code":-32602,"message":"m","data":{"uri":"a:b"}}`, now, old, `{"code":-32002,"message":"m","data":{"uri":"a:b"}}`},
		{"invalid params to stateful", `{"code":-32602,"message":"m"}`, now, old, `{"code":-32602,"message":"m"}`},
		{"not an object", `"oops"`, old, old, `{"code":-32603,"message":"the answer carries a malformed error"}`},
		{"code not an integer", `{"code":1.5,"message":"m"}`, old, old, `{"code":-32603,"message":"the answer carries an error without a code"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, string(rpc.TranslateError(json.RawMessage(tt.e), tt.from, tt.to))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestHTTPStatusOfErrors(t *testing.T) {
	tests := []struct {
		e        *rpc.Error
		old, now int
	}{
		{rpc.ParseError("x"), 400, 400},
		{rpc.InvalidRequest("x"), 400, 400},
		{rpc.MethodNotFound("x"), 200, 404},
		{rpc.InvalidParams("x"), 200, 400},
		{rpc.Internal("x"), 200, 200},
		{rpc.HeaderMismatch("x"), 400, 400},
		{rpc.MissingCapability(json.RawMessage(`{}`)), 400, 400},
	}
	for _, tt := range tests {
		if o, n := tt.e.HTTPStatus(old), tt.e.HTTPStatus(now); o != tt.old || n != tt.now {
			t.Errorf("%v: %d and %d, want %d and %d", tt.e, o, n, tt.old, tt.now)
		}
	}
}

func TestMessagesAreWritten(t *testing.T) {
	tests := map[string][]byte{
		`{"jsonrpc":"2.0","id":1,"method":"ping"}`:                                      rpc.Request(json.RawMessage("1"), "ping", nil),
		`{"jsonrpc":"2.0","method":"x","params":{"a": 1.0}}`:                            rpc.Request(nil, "x", json.RawMessage(`{"a": 1.0}`)),
		`{"jsonrpc":"2.0","id":"a","result":{ }}`:                                       rpc.ResultMessage(json.RawMessage(`"a"`), json.RawMessage(`{ }`)),
		`{"jsonrpc":"2.0","error":{"code":-32700,"message":"\"x\""}}`:                   rpc.ErrorMessage(nil, rpc.ParseError(`"x"`)),
		`{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"m","data":{"b":1}}}`: rpc.ErrorMessage(json.RawMessage("2"), &rpc.Error{Code: -32602, Message: "m", Data: json.RawMessage(`{"b":1}`)}),
		`{"jsonrpc":"2.0","id":2,"error":{"x":1}}`:                                      rpc.RawErrorMessage(json.RawMessage("2"), json.RawMessage(`{"x":1}`)),
	}
	for want, got := range tests {
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Error(d)
		}
		parseBytes(t, got)
	}
}

func TestErrorsReadBack(t *testing.T) {
	want := &rpc.Error{Code: -32001, Message: "a \"b\" <c>", Data: json.RawMessage(`{"n": 1.0,"t":"<"}`)}
	if d := cmp.Diff(want, rpc.DecodeError(want.Raw())); d != "" {
		t.Error(d)
	}
	marshalled, err := json.Marshal(want)
	if err != nil || rpc.DecodeError(marshalled).Message != want.Message {
		t.Errorf("%s, %v", marshalled, err)
	}
}

func TestExists(t *testing.T) {
	for method, want := range map[string][2]bool{
		"tools/call": {true, true}, "ping": {true, false}, "initialize": {true, false},
		"server/discover": {false, true}, "acme/own": {true, true},
	} {
		if got := [2]bool{rpc.Exists(method, old), rpc.Exists(method, now)}; got != want {
			t.Errorf("%s: %v, want %v", method, got, want)
		}
	}
}

func TestCallerOf(t *testing.T) {
	c := rpc.CallerOf(parse(t, request("tools/list", meta(version+","+caps))))
	if string(c.Capabilities) != "{}" || c.ClientInfo != nil {
		t.Errorf("got %s, %s", c.Capabilities, c.ClientInfo)
	}
}
