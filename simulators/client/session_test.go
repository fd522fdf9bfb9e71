package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/client"
)

// begin opens a session of a configured client.
func begin(t *testing.T, h http.Handler, config client.Config) *client.Session {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	config.Endpoint, config.HTTP = server.URL+"/mcp", server.Client()
	s, err := client.New(config).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAStatefulSession(t *testing.T) {
	p := &peer{}
	s := begin(t, p, client.Config{Revision: client.Stateful, Name: "alice"})
	result, err := s.Call(t.Context(), "search", map[string]any{"query": "<badgers>"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if result.Text() != "hello" || s.ID() != "session-1" || s.Capabilities()["tools"] == nil {
		t.Errorf("result %q, session %q, capabilities %v", result.Text(), s.ID(), s.Capabilities())
	}
	var got []string
	for _, e := range p.entries() {
		got = append(got, fmt.Sprintf("%s %s session=%s revision=%s", e.verb, e.method, e.header.Get("Mcp-Session-Id"), e.header.Get("Mcp-Protocol-Version")))
	}
	want := []string{
		"POST initialize session= revision=",
		"POST notifications/initialized session=session-1 revision=2025-11-25",
		"POST tools/call session=session-1 revision=2025-11-25",
		"DELETE  session=session-1 revision=2025-11-25",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	first := p.asked("initialize")[0].body
	if want := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{},"clientInfo":{"name":"alice","version":"1"},"protocolVersion":"2025-11-25"}}`; first != want {
		t.Errorf("initialize is %s", first)
	}
	call := p.asked("tools/call")[0]
	if want := `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"arguments":{"query":"<badgers>"},"name":"search"}}`; call.body != want {
		t.Errorf("the call is %s", call.body)
	}
	if call.header.Get("Accept") != "application/json, text/event-stream" || call.header.Get("Mcp-Method") != "" {
		t.Errorf("the call's head is %v", call.header)
	}
}

func TestAStatelessSession(t *testing.T) {
	p := &peer{}
	s := begin(t, p, client.Config{Name: "alice"})
	if _, err := s.Call(t.Context(), "search", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.GetPrompt(t.Context(), "größe", map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), "resources/read", map[string]any{"uri": "=?base64?x?=", "_meta": map[string]any{"mine": 1}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range p.entries() {
		got = append(got, e.verb+" "+e.header.Get("Mcp-Method")+" "+e.header.Get("Mcp-Name"))
		if e.header.Get("Mcp-Protocol-Version") != client.Stateless || e.header.Get("Mcp-Session-Id") != "" {
			t.Errorf("%s has the head %v", e.method, e.header)
		}
		if e.meta("io.modelcontextprotocol/protocolVersion") != `"2026-07-28"` ||
			e.meta("io.modelcontextprotocol/clientCapabilities") != `{}` ||
			e.meta("io.modelcontextprotocol/clientInfo") != `{"name":"alice","version":"1"}` {
			t.Errorf("%s has _meta %s", e.method, e.params["_meta"])
		}
	}
	want := []string{
		"POST server/discover ", "POST tools/call search",
		"POST prompts/get =?base64?Z3LDtsOfZQ==?=", "POST resources/read =?base64?PT9iYXNlNjQ/eD89?=",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if mine := p.asked("resources/read")[0].meta("mine"); mine != "1" {
		t.Errorf("the caller's own _meta is %q", mine)
	}
}

func TestErrorsOfARequest(t *testing.T) {
	failure := `{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"no such method","data":{"x":1}}}`
	nameless := `{"jsonrpc":"2.0","error":{"code":-32600,"message":"no"}}`
	for _, test := range []struct {
		name     string
		revision string
		answer   answer
		code     int // of a JSON-RPC error
		status   int // of a refusal by HTTP
	}{
		{"error", client.Stateful, document(200, "application/json", failure), -32601, 0},
		{"error in a stream", client.Stateless, stream(failure), -32601, 0},
		{"unknown method", client.Stateless, document(404, "application/json", failure), -32601, 0},
		{"error whose request could not be read", client.Stateful, document(400, "application/json", nameless), -32600, 0},
		{"lost session", client.Stateful, document(404, "application/json", failure), 0, 404},
		{"no such place", client.Stateless, document(404, "text/html", "<p>nothing"), 0, 404},
		{"forbidden", client.Stateless, document(403, "application/json", nameless), 0, 403},
		{"redirect", client.Stateless, withHeader("Location", "/login", document(302, "", "")), 0, 302},
		{"broken", client.Stateful, document(500, "application/json", `{"error":"broken"}`), 0, 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := mustConnect(t, &peer{answers: map[string]answer{"x/y": test.answer}}, test.revision)
			a, err := s.Send(t.Context(), "x/y", nil)
			var rpc *client.RPCError
			var refused *client.HTTPError
			errors.As(err, &rpc)
			errors.As(err, &refused)
			switch {
			case test.code != 0 && (rpc == nil || rpc.Code != test.code || a.Error != rpc):
				t.Errorf("got %v (answer %+v), want JSON-RPC error %d", err, a, test.code)
			case test.status != 0 && (refused == nil || rpc != nil || refused.Status != test.status || !strings.Contains(err.Error(), fmt.Sprint(test.status))):
				t.Errorf("got %v, want HTTP %d", err, test.status)
			}
		})
	}
}

func TestProgressIsCollectedInOrder(t *testing.T) {
	step := func(n string) string {
		return `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"progress-ID","progress":` + n + `,"total":3}}`
	}
	log := `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}`
	p := &peer{answers: map[string]answer{"tools/call": stream(step("1"), log, step("2.5"), step("3"), response(good2026))}}
	s := mustConnect(t, p, client.Stateless)
	result, err := s.Call(t.Context(), "count", nil, client.WithProgress())
	if err != nil {
		t.Fatal(err)
	}
	var steps []float64
	for _, raw := range result.Progress {
		var n struct{ Params struct{ Progress float64 } }
		if err := json.Unmarshal(raw, &n); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, n.Params.Progress)
	}
	if diff := cmp.Diff([]float64{1, 2.5, 3}, steps); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if len(result.Answer.Notifications) != 4 {
		t.Errorf("%d notifications, want 4", len(result.Answer.Notifications))
	}
	again, err := s.Call(t.Context(), "count", nil, client.WithProgress())
	if err != nil {
		t.Fatal(err)
	}
	if calls := p.asked("tools/call"); calls[0].meta("progressToken") == calls[1].meta("progressToken") || len(again.Progress) != 3 {
		t.Errorf("two calls have the tokens %s and %s", calls[0].meta("progressToken"), calls[1].meta("progressToken"))
	}
}

// The empty cursor is a cursor.
func TestListsAreFollowedToTheEnd(t *testing.T) {
	page := func(w http.ResponseWriter, s seen) {
		next := map[string]string{"": `"a","nextCursor":""`, `""`: `"b","nextCursor":"z"`, `"z"`: `"c"`}[string(s.params["cursor"])]
		name, rest, _ := strings.Cut(next, ",")
		if rest != "" {
			rest = "," + rest
		}
		result(`{"prompts":[{"name":`+name+`,"x-more":1}]`+rest+`}`)(w, s)
	}
	s := mustConnect(t, &peer{answers: map[string]answer{"prompts/list": page}}, client.Stateful)
	prompts, err := s.ListPrompts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []client.Prompt{
		{Name: "a", Raw: []byte(`{"name":"a","x-more":1}`)}, {Name: "b", Raw: []byte(`{"name":"b","x-more":1}`)}, {Name: "c", Raw: []byte(`{"name":"c","x-more":1}`)},
	}
	if diff := cmp.Diff(want, prompts); diff != "" {
		t.Errorf("prompts (-want +got):\n%s", diff)
	}
}

func TestAListWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a thousand requests are quicker without a system underneath
		endless := &peer{answers: map[string]answer{"prompts/list": result(`{"prompts":[],"nextCursor":"again"}`)}}
		_, err := inBubble(t, endless, client.Config{Revision: client.Stateful}).ListPrompts(t.Context())
		if err == nil || !strings.Contains(err.Error(), "no end") {
			t.Errorf("got %v", err)
		}
	})
}

func TestClosing(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		fails  bool
	}{{"done", 200, false}, {"not allowed", 405, false}, {"gone already", 404, false}, {"broken", 500, true}} {
		t.Run(test.name, func(t *testing.T) {
			p := &peer{}
			s := mustConnect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete {
					p.note(read(r))
					w.WriteHeader(test.status)
					return
				}
				p.ServeHTTP(w, r)
			}), client.Stateful)
			if err := s.Close(t.Context()); (err != nil) != test.fails {
				t.Errorf("got %v", err)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Errorf("the second time: %v", err)
			}
			if last := p.entries()[2:]; len(last) != 1 || last[0].header.Get("Mcp-Session-Id") != "session-1" {
				t.Errorf("requests to end it: %+v", last)
			}
		})
	}
}

func TestPostChangesNothing(t *testing.T) {
	p := &peer{answers: map[string]answer{"tools/call": document(418, "text/plain", "as it came\n")}}
	s := mustConnect(t, p, client.Stateless)
	body := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","name":"b"}}`
	status, header, answer, err := s.Post(t.Context(), []byte(body), http.Header{"Origin": {"https://evil.example"}, "mcp-protocol-version": nil})
	if err != nil {
		t.Fatal(err)
	}
	if status != 418 || string(answer) != "as it came\n" || header.Get("Content-Type") != "text/plain" {
		t.Errorf("got %d %v %q", status, header, answer)
	}
	sent := p.asked("tools/call")[0]
	_, versioned := sent.header["Mcp-Protocol-Version"]
	if sent.body != body || sent.header.Get("Origin") != "https://evil.example" || versioned || sent.header.Get("Mcp-Method") != "tools/call" {
		t.Errorf("sent %v %s", sent.header, sent.body)
	}
	if _, _, _, err := s.Post(t.Context(), []byte(`{"jsonrpc`), nil); err != nil {
		t.Error(err)
	}
}

func TestCompose(t *testing.T) {
	for revision, want := range map[string]string{
		client.Stateful:  `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","name":"b"}}`,
		client.Stateless: `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","name":"b","_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"portico","version":"1"},"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
	} {
		s := mustConnect(t, &peer{}, revision)
		if got := string(s.Compose("tools/call", `"name":"a","name":"b"`)); got != want {
			t.Errorf("in %s: %s", revision, got)
		}
	}
}
