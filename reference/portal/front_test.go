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

	"github.com/portico-mcp/portico/reference/portal"
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

func TestAClientThatTakesBothKindsOfAnswersIsServed(t *testing.T) {
	n := newTown()
	n.serve("wiki.example", &peer{tools: tools("search")})
	synced(t, n, nil, server("wiki"))
	alice := connect(t, n, "alice", stateful)
	for _, accept := range []string{"*/*", "application/*, text/*;q=0.1", "text/event-stream , application/json; charset=utf-8", ""} {
		alice.header = http.Header{"Accept": {accept}}
		if accept == "" {
			alice.header["Accept"] = nil
		}
		if r := alice.call("wiki_search", `{}`); r.status != http.StatusOK {
			t.Errorf("Accept %q: %d %s", accept, r.status, r.body)
		}
	}
}

// A stateless client has no session, whatever it sends, and may write a name
// in its header as it likes.
func TestWhatAStatelessClientSendsTooMuchMeansNothing(t *testing.T) {
	n := newTown()
	n.serve("wiki.example", &peer{tools: tools("search")})
	synced(t, n, nil, server("wiki"))
	alice := connect(t, n, "alice", stateless)
	alice.header = http.Header{"Mcp-Session-Id": {"made-up"}, "Last-Event-Id": {"9"}}
	r := alice.ask("tools/call", `"name":"wiki_search","arguments":{}`, "=?base64?d2lraV9zZWFyY2g=?=")
	if r.status != http.StatusOK || r.header.Get("Mcp-Session-Id") != "" || !strings.Contains(r.body, `"result"`) {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	if r := alice.post(`{"jsonrpc":"2.0","method":"notifications/x"}`); r.status != http.StatusAccepted {
		t.Errorf("a notification: %d", r.status)
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

// A service whose id reads like a person is not that person.
func TestAServiceIsNoPersonOfTheSameName(t *testing.T) {
	n := newTown()
	standUp(t, n, func(c *portal.Config) {
		c.Identifier = people{"person": {Subject: "x", Grant: "g"}, "service": {Service: "person:x", Grant: "g"}, "odd": {Subject: "person:x", Grant: "g"}}
	})
	service := connect(t, n, "service", stateful)
	for _, token := range []string{"person", "odd"} {
		thief := &client{t: t, town: n, token: token, revision: stateful, session: service.session}
		if r := thief.ask("ping", "", ""); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", token, r.status)
		}
	}
	if r := service.ask("ping", "", ""); r.status != http.StatusOK {
		t.Errorf("the service itself: %d", r.status)
	}
}
