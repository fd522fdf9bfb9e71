package portal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/assertion"
)

type ctx = context.Context

func TestNobodyGetsAnAnswer(t *testing.T) {
	n := newTown()
	n.serve("wiki.example", &peer{tools: tools("x")})
	synced(t, n, nil, server("wiki"))
	for _, token := range []string{"", "forged"} {
		for _, c := range []struct{ verb, path string }{
			{"POST", "/mcp"}, {"GET", "/mcp"}, {"DELETE", "/mcp"}, {"PUT", "/mcp"},
			{"GET", "/servers"}, {"POST", "/servers/wiki/connect"}, {"GET", "/servers-callback?state=x"}, {"GET", "/"},
		} {
			r, err := http.NewRequestWithContext(t.Context(), c.verb, "https://portal.internal.example"+c.path, strings.NewReader(`{}`))
			if err != nil {
				t.Fatal(err)
			}
			if token != "" {
				r.Header.Set("Cf-Access-Jwt-Assertion", token)
			}
			resp, err := n.dial("stranger").Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %s with token %q: %d %v", c.verb, c.path, token, resp.StatusCode, resp.Header)
			}
		}
	}
	if to := n.to("wiki.example"); len(to) > 0 {
		t.Errorf("a server heard %+v", to)
	}
}

func TestTwoTokensAreNone(t *testing.T) {
	n := newTown()
	standUp(t, n, nil)
	c := &client{t: t, town: n, revision: stateless, header: http.Header{"Cf-Access-Jwt-Assertion": {"alice", "bob"}}}
	if r := c.ask("tools/list", "", ""); r.status != http.StatusUnauthorized {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestATokenThatCannotBeCheckedIsNotTheSendersFault(t *testing.T) {
	n := newTown()
	who := &MockIdentifier{}
	who.EXPECT().Verify(mock.Anything, "alice").Return(assertion.Identity{}, fmt.Errorf("keys: %w", assertion.ErrUnavailable))
	standUp(t, n, func(c *portal.Config) { c.Identifier = who })
	c := &client{t: t, town: n, token: "alice", revision: stateless}
	if r := c.ask("tools/list", "", ""); r.status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestWhatIsNotAMessageIsRefused(t *testing.T) {
	n := newTown()
	wiki := &peer{tools: tools("search", "echo")}
	n.serve("wiki.example", wiki)
	synced(t, n, nil, server("wiki"))
	alice := connect(t, n, "alice", stateful)
	n.forget()
	call := func(params string) string {
		return `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{` + params + `}}`
	}
	good := call(`"name":"wiki_search"`)
	for _, c := range []struct {
		name, body string
		header     http.Header
		status     int
		code       string
	}{
		{"no JSON", `{"jsonrpc":"2.0","id":1`, nil, 400, "-32700"},
		{"a batch", `[` + good + `]`, nil, 400, "-32600"},
		{"null id", `{"jsonrpc":"2.0","id":null,"method":"tools/list"}`, nil, 400, "-32600"},
		{"no version", `{"id":1,"method":"tools/list"}`, nil, 400, "-32600"},
		{"two names", call(`"name":"wiki_search","name":"wiki_echo"`), nil, 400, "-32600"},
		{"two spellings", call(`"name":"wiki_search","NAME":"wiki_echo"`), nil, 400, "-32600"},
		{"an escaped key", call(`"name":"wiki_search","n\u0061me":"wiki_echo"`), nil, 400, "-32600"},
		{"two methods", `{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call","params":{"name":"wiki_search"}}`, nil, 400, "-32600"},
		{"a list for params", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}`, nil, 400, "-32602"},
		{"a response", `{"jsonrpc":"2.0","id":1,"result":{}}`, nil, 400, "-32600"},
		{"no name", call(`"arguments":{}`), nil, 200, "-32602"},
		{"a number for a name", call(`"name":7`), nil, 200, "-32602"},
		{"text", good, http.Header{"Content-Type": {"text/plain"}}, 415, "-32600"},
		{"no content type", good, http.Header{"Content-Type": nil}, 415, "-32600"},
		{"compressed", good, http.Header{"Content-Encoding": {"gzip"}}, 415, "-32600"},
		{"a client of JSON only", good, http.Header{"Accept": {"application/json"}}, 406, "-32600"},
		{"a client of streams only", good, http.Header{"Accept": {"text/event-stream"}}, 406, "-32600"},
		{"a client that excludes streams", good, http.Header{"Accept": {"application/json, text/event-stream;q=0"}}, 406, "-32600"},
		{"an unknown revision", good, http.Header{"Mcp-Protocol-Version": {"1999-01-01"}}, 400, "-32022"},
		{"another website's page", good, http.Header{"Origin": {"https://evil.example"}}, 403, ""},
		{"too large", call(`"name":"wiki_search","arguments":{"x":"` + strings.Repeat("x", 4<<20) + `"}`), nil, 413, "-32600"},
	} {
		r := alice.send(t.Context(), http.MethodPost, c.header, c.body)
		if r.status != c.status || !strings.Contains(r.body, c.code) || strings.Contains(r.body, `"id":null`) {
			t.Errorf("%s: %d %s", c.name, r.status, r.body)
		}
	}
	if to := n.to("wiki.example"); len(to) > 0 {
		t.Errorf("the server heard %+v", to)
	}
	for _, accept := range []string{"*/*", "application/*, text/*;q=0.1", "text/event-stream , application/json; charset=utf-8", ""} {
		h := http.Header{"Accept": {accept}, "Origin": {origin}}
		if accept == "" {
			h.Del("Accept")
		}
		if r := alice.send(t.Context(), http.MethodPost, h, good); r.status != http.StatusOK {
			t.Errorf("Accept %q: %d %s", accept, r.status, r.body)
		}
	}
}

func TestALimitOfTheConfigurationHolds(t *testing.T) {
	n := newTown()
	standUp(t, n, func(c *portal.Config) { c.MaxBody = 300 })
	c := connect(t, n, "alice", stateful)
	if r := c.post(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"` + strings.Repeat("x", 300) + `"}}`); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", r.status)
	}
}

func TestAStatelessRequestStandsAlone(t *testing.T) {
	n := newTown()
	wiki := &peer{tools: tools("search", "echo")}
	n.serve("wiki.example", wiki)
	synced(t, n, nil, server("wiki"))
	alice := connect(t, n, "alice", stateless)
	members := `"name":"wiki_search","arguments":{}`
	body := alice.request("tools/call", members)
	headers := func(pairs ...string) http.Header {
		h := http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"wiki_search"}}
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = []string{pairs[i+1]}
			if pairs[i+1] == "" {
				h[pairs[i]] = nil
			}
		}
		return h
	}
	for _, c := range []struct {
		name, body string
		header     http.Header
		status     int
		code       string
	}{
		{"another method in the header", body, headers("Mcp-Method", "tools/list"), 400, "-32020"},
		{"no method header", body, headers("Mcp-Method", ""), 400, "-32020"},
		{"another name in the header", body, headers("Mcp-Name", "wiki_echo"), 400, "-32020"},
		{"no name header", body, headers("Mcp-Name", ""), 400, "-32020"},
		{"another version in the header", body, headers("Mcp-Protocol-Version", stateful), 400, "-32020"},
		{"an unknown version", strings.ReplaceAll(body, stateless, "2099-01-01"), headers("Mcp-Protocol-Version", "2099-01-01"), 400, "-32022"},
		{"no capabilities", strings.Replace(body, "clientCapabilities", "clientWishes", 1), headers(), 400, "-32602"},
		{"unknown method", alice.request("tools/imagine", ""), http.Header{"Mcp-Method": {"tools/imagine"}}, 404, "-32601"},
		{"a method of the other era", alice.request("ping", ""), http.Header{"Mcp-Method": {"ping"}}, 404, "-32601"},
		{"initialize", alice.request("initialize", ""), http.Header{"Mcp-Method": {"initialize"}}, 404, "-32601"},
	} {
		r := alice.send(t.Context(), http.MethodPost, c.header, c.body)
		if r.status != c.status || !strings.Contains(r.body, c.code) {
			t.Errorf("%s: %d %s", c.name, r.status, r.body)
		}
	}
	if to := n.to("wiki.example"); len(to) > 0 {
		t.Errorf("the server heard %+v", to)
	}
	h := headers("Mcp-Session-Id", "whatever", "Last-Event-Id", "9", "Mcp-Name", "=?base64?d2lraV9zZWFyY2g=?=")
	if r := alice.send(t.Context(), http.MethodPost, h, body); r.status != http.StatusOK || r.header.Get("Mcp-Session-Id") != "" {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	for _, verb := range []string{http.MethodGet, http.MethodDelete} {
		r := alice.send(t.Context(), verb, http.Header{"Mcp-Session-Id": {"whatever"}}, "")
		if r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") == "" {
			t.Errorf("%s: %d", verb, r.status)
		}
	}
	if r := alice.send(t.Context(), http.MethodPost, nil, `{"jsonrpc":"2.0","method":"notifications/x"}`); r.status != http.StatusAccepted {
		t.Errorf("notification: %d", r.status)
	}
}

func TestASessionIsItsOwnersOnEveryVerb(t *testing.T) {
	n := newTown()
	wiki := &peer{tools: tools("x")}
	n.serve("wiki.example", wiki)
	synced(t, n, nil, server("wiki"))
	alice, bob := connect(t, n, "alice", stateful), connect(t, n, "bob", stateful)
	n.forget()
	stolen := http.Header{"Mcp-Session-Id": {alice.session}}
	for _, verb := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		if r := bob.send(t.Context(), verb, stolen, bob.request("tools/call", `"name":"wiki_x"`)); r.status != http.StatusNotFound {
			t.Errorf("%s with another's session: %d", verb, r.status)
		}
		if r := bob.send(t.Context(), verb, http.Header{"Mcp-Session-Id": {"made-up"}}, bob.request("ping", "")); r.status != http.StatusNotFound {
			t.Errorf("%s with no session's id: %d", verb, r.status)
		}
	}
	for _, verb := range []string{http.MethodPost, http.MethodDelete} {
		for _, ids := range [][]string{nil, {bob.session, bob.session}} {
			if r := bob.send(t.Context(), verb, http.Header{"Mcp-Session-Id": ids}, bob.request("ping", "")); r.status != http.StatusBadRequest {
				t.Errorf("%s with %d ids: %d", verb, len(ids), r.status)
			}
		}
	}
	if r := bob.send(t.Context(), http.MethodPost, stolen, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`); r.status != http.StatusNotFound {
		t.Errorf("a notification with another's session: %d", r.status)
	}
	if to := n.to("wiki.example"); len(to) > 0 {
		t.Errorf("the server heard %+v", to)
	}
	if r := alice.call("wiki_x", `{}`); r.status != http.StatusOK {
		t.Errorf("alice's own call: %d", r.status)
	}
	if r := alice.send(t.Context(), http.MethodGet, nil, ""); r.status != http.StatusMethodNotAllowed {
		t.Errorf("alice's own GET: %d", r.status)
	}
	if r := alice.send(t.Context(), http.MethodDelete, nil, ""); r.status != http.StatusNoContent {
		t.Errorf("alice's own DELETE: %d", r.status)
	}
	for _, verb := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		if r := alice.send(t.Context(), verb, nil, alice.request("ping", "")); r.status != http.StatusNotFound {
			t.Errorf("%s after the end: %d", verb, r.status)
		}
	}
}

func TestADayWithoutActivityEndsASessionAndItsConversations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		wiki := &peer{revision: stateful, tools: tools("x")}
		n.serve("wiki.example", wiki)
		p := synced(t, n, nil, server("wiki"))
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = p.Run(ctx) }()
		alice, left := connect(t, n, "alice", stateful), connect(t, n, "bob", stateful)
		left.call("wiki_x", `{}`)
		sessions := wiki.heard("tools/call")[0].header.Get("Mcp-Session-Id")
		for range 3 {
			time.Sleep(24*time.Hour - time.Second)
			if r := alice.ask("ping", "", ""); r.status != http.StatusOK {
				t.Fatalf("%d", r.status)
			}
		}
		closed := 0
		for _, d := range wiki.heard("DELETE") {
			if d.header.Get("Mcp-Session-Id") == sessions {
				closed++
			}
		}
		if closed != 1 {
			t.Errorf("the conversation that was left open was closed %d times", closed)
		}
		time.Sleep(24 * time.Hour)
		if r := alice.ask("ping", "", ""); r.status != http.StatusNotFound {
			t.Errorf("%d", r.status)
		}
		stop()
		synctest.Wait()
	})
}

func TestInitialize(t *testing.T) {
	for _, c := range []struct{ asked, want string }{
		{`"2025-11-25"`, "2025-11-25"}, {`"2025-06-18"`, "2025-06-18"}, {`"2025-03-26"`, "2025-03-26"},
		{`"2026-07-28"`, "2025-11-25"}, {`"1999-01-01"`, "2025-11-25"}, {`7`, ""}, {`null`, ""},
	} {
		n := newTown()
		standUp(t, n, nil)
		alice := &client{t: t, town: n, token: "alice", revision: stateful}
		r := alice.post(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":%s,"capabilities":{}}}`, c.asked))
		var m struct {
			Result struct {
				ProtocolVersion string
				Capabilities    map[string]map[string]bool
				ServerInfo      struct{ Name, Version string }
			}
		}
		if err := json.Unmarshal([]byte(r.body), &m); err != nil {
			t.Fatal(err)
		}
		if m.Result.ProtocolVersion != c.want || (c.want != "") != (r.header.Get("Mcp-Session-Id") != "") {
			t.Errorf("%s: %d %s", c.asked, r.status, r.body)
		}
		if c.want == "" {
			continue
		}
		want := map[string]map[string]bool{"tools": {"listChanged": false}, "prompts": {"listChanged": false}}
		if diff := cmp.Diff(want, m.Result.Capabilities); diff != "" || m.Result.ServerInfo.Name == "" {
			t.Errorf("capabilities (-want +got):\n%s", diff)
		}
	}
}

func TestWhatAClientDeclaresIsBounded(t *testing.T) {
	n := newTown()
	standUp(t, n, nil)
	alice := &client{t: t, town: n, token: "alice", revision: stateful}
	for _, declared := range []string{
		`"capabilities":[]`, `"clientInfo":"me"`, `"capabilities":{"experimental":{"x":"` + strings.Repeat("x", 20<<10) + `"}}`,
	} {
		r := alice.post(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",` + declared + `}}`)
		if !strings.Contains(r.body, "-32602") || r.header.Get("Mcp-Session-Id") != "" {
			t.Errorf("%.40s: %d %s", declared, r.status, r.body)
		}
	}
}

func TestDiscover(t *testing.T) {
	n := newTown()
	standUp(t, n, nil)
	r := connect(t, n, "alice", stateless).ask("server/discover", "", "")
	var m struct{ Result map[string]any }
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatal(err)
	}
	delete(m.Result, "instructions")
	want := map[string]any{
		"supportedVersions": []any{"2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"},
		"capabilities":      map[string]any{"tools": map[string]any{"listChanged": false}, "prompts": map[string]any{"listChanged": false}},
		"_meta": map[string]any{"io.modelcontextprotocol/serverInfo": map[string]any{
			"name": "portico", "title": "Portico MCP server portal", "version": portal.Version}},
		"resultType": "complete", "ttlMs": 60000.0, "cacheScope": "private",
	}
	if diff := cmp.Diff(want, m.Result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestListsComeFromTheCatalogue(t *testing.T) {
	n := newTown()
	n.serve("wiki.example", &peer{tools: tools("search", "echo"), prompts: `{"name":"summary"}`})
	n.serve("a.example", &peer{revision: stateful, tools: `{"name":"b_echo"}`})
	synced(t, n, nil, server("wiki"), server("a"))
	modern := `,"resultType":"complete","ttlMs":60000,"cacheScope":"private"`
	listed := `"tools":[{"name":"a_b_echo"},{"name":"wiki_search","inputSchema":{"type":"object"}},{"name":"wiki_echo","inputSchema":{"type":"object"}}]`
	for _, rev := range eras {
		alice := connect(t, n, "alice", rev)
		for method, want := range map[string]string{
			"tools/list": listed, "prompts/list": `"prompts":[{"name":"wiki_summary"}]`,
			"resources/list": `"resources":[]`, "resources/templates/list": `"resourceTemplates":[]`,
		} {
			if rev == stateless {
				want += modern
			}
			want = `{"jsonrpc":"2.0","id":7,"result":{` + want + `}}`
			r := alice.ask(method, "", "")
			if diff := cmp.Diff(want, r.body); diff != "" || r.header.Get("Content-Length") != fmt.Sprint(len(want)) {
				t.Errorf("%s %s (-want +got):\n%s", rev, method, diff)
			}
			if r := alice.ask(method, `"cursor":"made-up"`, ""); !strings.Contains(r.body, "-32602") {
				t.Errorf("%s %s with a cursor: %s", rev, method, r.body)
			}
		}
		for _, method := range []string{"resources/read", "completion/complete", "tools/imagine"} {
			name := ""
			if method == "resources/read" {
				name = "x:y"
			}
			if r := alice.ask(method, `"uri":"x:y"`, name); !strings.Contains(r.body, "-32601") {
				t.Errorf("%s %s: %s", rev, method, r.body)
			}
		}
	}
	if to := append(n.to("wiki.example"), n.to("a.example")...); len(to) > 0 {
		t.Errorf("servers heard %+v", to)
	}
}

func TestPingAndNotifications(t *testing.T) {
	n := newTown()
	standUp(t, n, nil)
	alice := connect(t, n, "alice", stateful)
	if r := alice.post(`{"jsonrpc":"2.0","id":"p","method":"ping"}`); r.body != `{"jsonrpc":"2.0","id":"p","result":{}}` {
		t.Errorf("ping: %s", r.body)
	}
	for _, method := range []string{"notifications/initialized", "notifications/roots/list_changed", "notifications/cancelled"} {
		if r := alice.post(`{"jsonrpc":"2.0","method":"` + method + `"}`); r.status != http.StatusAccepted || r.body != "" {
			t.Errorf("%s: %d %s", method, r.status, r.body)
		}
	}
}
