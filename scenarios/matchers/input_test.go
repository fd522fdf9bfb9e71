package matchers_test

import (
	"testing"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

func inputCases() map[string]matcherCase {
	says := func(body string) world.Sight {
		return seen(trace.Exchange{Request: trace.Request{Method: "POST", Body: body}})
	}
	details := func(also map[string]any) map[string]any {
		d := map[string]any{"retryable": true, "is_upstream": false, "cause": "it hung up"}
		for name, value := range also {
			d[name] = value
		}
		return d
	}
	return map[string]matcherCase{
		"AnswerTheIDOf": {AnswerTheIDOf(`{"id":"a"}`),
			[]any{world.Reply{Body: `{"id":"a","result":{}}`}, world.Reply{Body: `{"id":"a","error":{"code":-1}}`}},
			[]any{world.Reply{Body: `{"id":null,"error":{"code":-1}}`}, world.Reply{Body: `{"id":"a","error":{"code":-1.5}}`},
				world.Reply{Body: `{"id":"a","error":{}}`}, world.Reply{Body: `no`}}},
		"Say": {Say("rude"), []any{world.Reply{Body: "rude is rude"}}, []any{world.Reply{}, world.Reply{Body: "Rude"}}},
		"SayAKeyTwice": {SayAKeyTwice(),
			[]any{says(`{"a":1,"a":2}`), says(`{"x":[{"y":{"a":1,"b":2,"a":3}}]}`), says(`{"a":1,"\u0061":2}`)},
			[]any{nothing, plain, says(`{"a":{"a":1},"b":["a","a",{"a":1}]}`), says(`{"a":[tru,`), says(``)}},
		"BeErrorDetails": {BeErrorDetails(),
			[]any{details(nil), details(map[string]any{"status_code": 500.0, "mcp_code": nil})},
			[]any{map[string]any(nil), details(map[string]any{"message": "no"}), details(map[string]any{"cause": ""}),
				details(map[string]any{"status_code": "500"}), details(map[string]any{"retryable": "yes"})}},
	}
}

func TestCallsOfAreOfThatTool(t *testing.T) {
	e := call("portal", "wiki", nil, `{}`)
	if !CallsOf("search")(e) || CallsOf("echo")(e) {
		t.Error("a call of search is none, or one of echo is")
	}
	if !CallsWith("search", world.Args{})(e) || CallsWith("search", world.Args{"q": 1})(e) {
		t.Error("a call without arguments has none, or has some")
	}
	e.Request.Body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","NAME":"echo"}}`
	if !CallsOf("search")(e) || CallsOf("echo")(e) {
		t.Error("a key in capitals is read as another")
	}
}

func TestARelabelledTokenHasNoSignature(t *testing.T) {
	for alg, want := range map[string]string{"nOnE": "eyJhbGciOiJuT25FIiwidHlwIjoiSldUIn0.b.", "": "eyJ0eXAiOiJKV1QifQ.b."} {
		if got := Relabelled("a.b.c", alg); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNobodyIsHeldUpWhoHasAnAnswer(t *testing.T) {
	HeldUp(seen(trace.Exchange{}))
	for _, s := range []world.Sight{nothing, plain, seen(trace.Exchange{Failure: "it hung up"})} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v holds somebody up", s.Exchanges)
				}
			}()
			HeldUp(s)
		}()
	}
}
