package client_test

import (
	"net/http"
	"testing"

	"github.com/portico-mcp/portico/simulators/client"
)

const (
	good2025 = `{"content":[{"type":"text","text":"hello"}]}`
	good2026 = `{"resultType":"complete","content":[{"type":"text","text":"hello"}]}`
)

func response(result string) string { return `{"jsonrpc":"2.0","id":ID,"result":` + result + `}` }

// Each answer to a call breaks one rule.
func TestViolationsOfACall(t *testing.T) {
	progress := func(token, value string) string {
		return `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":` + token + `,"progress":` + value + `}}`
	}
	for _, test := range []struct {
		name     string
		revision string
		answer   answer
		rule     string
	}{
		{"another id", client.Stateful, document(200, "application/json", `{"jsonrpc":"2.0","id":99,"result":{}}`), "id of its request"},
		{"id of another type", client.Stateful, document(200, "application/json", `{"jsonrpc":"2.0","id":"ID","result":{}}`), "id of its request"},
		{"id null", client.Stateful, document(200, "application/json", `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}`), "not null"},
		{"error without id", client.Stateful, document(200, "application/json", `{"jsonrpc":"2.0","error":{"code":-32600,"message":"no"}}`), "id of its request"},
		{"refusal with another id", client.Stateless, document(400, "application/json", `{"jsonrpc":"2.0","id":99,"error":{"code":-32602,"message":"no"}}`), "id of its request"},
		{"another id in a stream", client.Stateless, stream(`{"jsonrpc":"2.0","id":99,"result":{"resultType":"complete"}}`), "id of its request"},
		{"no jsonrpc", client.Stateful, document(200, "application/json", `{"id":ID,"result":{}}`), "jsonrpc"},
		{"no JSON", client.Stateful, document(200, "application/json", `hello`), "one JSON object"},
		{"a batch", client.Stateful, document(200, "application/json", `[`+response(good2025)+`]`), "one JSON object"},
		{"two messages", client.Stateful, document(200, "application/json", response(good2025)+response(good2025)), "one JSON object"},
		{"result and error", client.Stateful, document(200, "application/json", `{"jsonrpc":"2.0","id":ID,"result":{},"error":{"code":1,"message":""}}`), "one of method, result and error"},
		{"result in capitals", client.Stateful, document(200, "application/json", `{"jsonrpc":"2.0","id":ID,"Result":{}}`), "one of method, result and error"},
		{"result that is no object", client.Stateful, document(200, "application/json", response(`[]`)), "result is an object"},
		{"error code that is no integer", client.Stateful, document(200, "application/json", `{"jsonrpc":"2.0","id":ID,"error":{"code":1.5,"message":"no"}}`), "code is an integer"},
		{"error without message", client.Stateful, document(200, "application/json", `{"jsonrpc":"2.0","id":ID,"error":{"code":1}}`), "has a message"},
		{"notification as the answer", client.Stateful, document(200, "application/json", `{"jsonrpc":"2.0","method":"notifications/message"}`), "JSON body is the response"},
		{"plain text", client.Stateful, document(200, "text/plain", response(good2025)), "application/json or text/event-stream"},
		{"accepted", client.Stateful, document(202, "", ""), "application/json or text/event-stream"},
		{"no content", client.Stateful, result(`{}`), "has content"},
		{"session in a stateless answer", client.Stateless, withHeader("Mcp-Session-Id", "x", result(good2026)), "session ids"},
		{"session in a stateless refusal", client.Stateless, withHeader("Mcp-Session-Id", "x", document(404, "application/json", `{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"no"}}`)), "session ids"},
		{"no result type", client.Stateless, result(good2025), "resultType"},
		{"unknown result type", client.Stateless, result(`{"resultType":"partial","content":[]}`), "resultType"},
		{"result type in a stream", client.Stateless, stream(response(good2025)), "resultType"},
		{"request on a stateless stream", client.Stateless, stream(`{"jsonrpc":"2.0","id":1,"method":"ping"}`, response(good2026)), "no requests"},
		{"undeclared capability", client.Stateful, stream(`{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{}}`, response(good2025)), "negotiated"},
		{"something after the response", client.Stateful, stream(response(good2025), progress(`"progress-2"`, "1")), "nothing follows"},
		{"two responses", client.Stateless, stream(response(good2026), response(good2026)), "nothing follows"},
		{"progress of nobody", client.Stateless, stream(progress(`"someone-else"`, "1"), response(good2026)), "token of its request"},
		{"progress that stands still", client.Stateless, stream(progress(`"progress-ID"`, "1"), progress(`"progress-ID"`, "1"), response(good2026)), "increases"},
		{"progress that is no number", client.Stateless, stream(progress(`"progress-ID"`, `"1"`), response(good2026)), "number"},
		{"event that is no JSON", client.Stateless, stream("hello", response(good2026)), "one JSON object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := mustConnect(t, &peer{answers: map[string]answer{"tools/call": test.answer}}, test.revision)
			_, err := s.Call(t.Context(), "search", nil, client.WithProgress())
			wantViolation(t, err, test.rule)
		})
	}
}

func TestProgressThatNobodyAskedFor(t *testing.T) {
	s := mustConnect(t, &peer{answers: map[string]answer{"tools/call": stream(
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}`, response(good2026))}}, client.Stateless)
	_, err := s.Call(t.Context(), "search", nil)
	wantViolation(t, err, "token of its request")
}

// Each answer breaks one rule of the beginning.
func TestViolationsOfConnecting(t *testing.T) {
	initialized := `{"protocolVersion":"2025-11-25","capabilities":{}}`
	for _, test := range []struct {
		name     string
		revision string
		answers  map[string]answer
		rule     string
	}{
		{"another version", client.Stateful, map[string]answer{"initialize": result(`{"protocolVersion":"2025-06-18","capabilities":{}}`)}, "version that was asked for"},
		{"no version", client.Stateful, map[string]answer{"initialize": result(`{}`)}, "version that was asked for"},
		{"session id with a space", client.Stateful, map[string]answer{"initialize": withHeader("Mcp-Session-Id", "a b", result(initialized))}, "visible ASCII"},
		{"session id in UTF-8", client.Stateful, map[string]answer{"initialize": withHeader("Mcp-Session-Id", "é", result(initialized))}, "visible ASCII"},
		{"notification answered 200", client.Stateful, map[string]answer{"notifications/initialized": document(200, "application/json", `{}`)}, "202 Accepted"},
		{"notification answered with a body", client.Stateful, map[string]answer{"notifications/initialized": document(202, "text/plain", "ok")}, "no body"},
		{"version not among the supported", client.Stateless, map[string]answer{"server/discover": result(`{"resultType":"complete","supportedVersions":["2025-11-25"]}`)}, "supportedVersions"},
		{"discovery that asks back", client.Stateless, map[string]answer{"server/discover": result(`{"resultType":"input_required","requestState":"x"}`)}, "input_required answers"},
		{"session for a stateless client", client.Stateless, map[string]answer{"server/discover": withHeader("Mcp-Session-Id", "x", result(`{"resultType":"complete","supportedVersions":["2026-07-28"]}`))}, "session ids"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := connect(t, &peer{answers: test.answers}, test.revision)
			wantViolation(t, err, test.rule)
		})
	}
}

func TestViolationsOfAList(t *testing.T) {
	for _, test := range []struct{ name, page, rule string }{
		{"no array", `{"resultType":"complete"}`, "tools is an array"},
		{"null", `{"resultType":"complete","tools":null}`, "tools is an array"},
		{"cursor that is no string", `{"resultType":"complete","tools":[],"nextCursor":2}`, "nextCursor is a string"},
		{"tool without a name", `{"resultType":"complete","tools":[{"title":"x"}]}`, "has a name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := mustConnect(t, &peer{answers: map[string]answer{"tools/list": result(test.page)}}, client.Stateless)
			_, err := s.ListTools(t.Context())
			wantViolation(t, err, test.rule)
		})
	}
}

// What is allowed is not a violation.
func TestAnswersThatAreGood(t *testing.T) {
	for _, test := range []struct {
		name     string
		revision string
		answer   answer
	}{
		{"JSON", client.Stateful, result(good2025)},
		{"JSON with a charset", client.Stateful, document(200, "application/json; charset=utf-8", response(good2025))},
		{"stream", client.Stateless, stream(response(good2026))},
		{"stream with comments and a priming event", client.Stateful, document(200, "text/event-stream", ": hi\n\nid: 7\ndata:\n\n:\r\nid: 8\r\ndata: "+response(good2025)+"\r\n\r\n")},
		{"stream whose event has two lines", client.Stateless, document(200, "text/event-stream", "data: {\"jsonrpc\":\"2.0\",\ndata:\"id\":ID,\"result\":"+good2026+"}\n\n")},
		{"result type of a later revision in an earlier one", client.Stateful, result(good2026)},
		{"input that is required", client.Stateless, result(`{"resultType":"input_required","requestState":"x"}`)},
		{"log message ahead", client.Stateless, stream(`{"jsonrpc":"2.0","method":"notifications/message","params":{}}`, response(good2026))},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := mustConnect(t, &peer{answers: map[string]answer{"tools/call": test.answer}}, test.revision)
			if _, err := s.Call(t.Context(), "search", nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAPingIsAnsweredAheadOfTheResponse(t *testing.T) {
	p := &peer{answers: map[string]answer{"tools/call": stream(`{"jsonrpc":"2.0","id":"p","method":"ping"}`, response(good2025))}}
	s := mustConnect(t, p, client.Stateful)
	if _, err := s.Call(t.Context(), "search", nil); err != nil {
		t.Fatal(err)
	}
	replies := p.asked("")
	if len(replies) != 1 || replies[0].body != `{"jsonrpc":"2.0","id":"p","result":{}}` {
		t.Errorf("the ping was answered %+v", replies)
	}
	if got := replies[0].header.Get("Mcp-Session-Id"); got != "session-1" {
		t.Errorf("the answer belongs to session %q", got)
	}
}

func TestADeclaredCapabilityMayBeUsed(t *testing.T) {
	p := &peer{answers: map[string]answer{"tools/call": stream(`{"jsonrpc":"2.0","id":"e","method":"elicitation/create","params":{}}`, response(good2025))}}
	s := begin(t, p, client.Config{Revision: client.Stateful, Capabilities: []byte(`{"elicitation":{}}`)})
	if _, err := s.Call(t.Context(), "search", nil); err != nil {
		t.Fatal(err)
	}
	if replies := p.asked(""); len(replies) != 1 || string(replies[0].id) != `"e"` || replies[0].verb != http.MethodPost {
		t.Errorf("the request was answered %+v", replies)
	}
}
