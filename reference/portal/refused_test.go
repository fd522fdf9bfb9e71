package portal_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/assertion"
)

// codeOf is the code of the JSON-RPC error in a reply; 0: there is none.
func codeOf(r reply) int {
	var m struct{ Error struct{ Code int } }
	_ = json.Unmarshal([]byte(r.body), &m)
	return m.Error.Code
}

// quietTown is a portal with one synchronized server, and what came to it is
// forgotten.
func quietTown(t *testing.T, change func(*portal.Config)) *town {
	t.Helper()
	n := newTown()
	n.serve("wiki.example", &peer{tools: tools("search"), prompts: `{"name":"summary"}`})
	synced(t, n, change, server("wiki"))
	return n
}

// untouched fails the test if a request reached the server.
func (n *town) untouched(t *testing.T) {
	t.Helper()
	if to := n.to("wiki.example"); len(to) > 0 {
		t.Errorf("the server heard %+v", to)
	}
}

// What is wrong with a message is found out before any server hears of it.
func TestARefusedMessageReachesNoServer(t *testing.T) {
	const good = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wiki_search"}}`
	for _, c := range []struct {
		name, body   string
		header       http.Header
		status, code int
	}{
		{"not JSON", `{"jsonrpc":`, nil, 400, -32700},
		{"nothing", ``, nil, 400, -32700},
		{"text after it", good + `x`, nil, 400, -32700},
		{"two messages", `[` + good + `]`, nil, 400, -32600},
		{"one key twice", `{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/call"}`, nil, 400, -32600},
		{"one key in two cases", `{"jsonrpc":"2.0","id":7,"method":"tools/call","Method":"ping"}`, nil, 400, -32600},
		{"one name twice", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wiki_search","name":"x"}}`, nil, 400, -32600},
		{"one name in two cases", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wiki_search","NAME":"x"}}`, nil, 400, -32600},
		{"no version of JSON-RPC", `{"id":7,"method":"tools/call","params":{"name":"wiki_search"}}`, nil, 400, -32600},
		{"params a list", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":["wiki_search"]}`, nil, 400, -32602},
		{"an answer", `{"jsonrpc":"2.0","id":7,"result":{}}`, nil, 400, -32600},
		{"a form", good, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 415, -32600},
		{"no type", good, http.Header{"Content-Type": nil}, 415, -32600},
		{"compressed", good, http.Header{"Content-Encoding": {"gzip"}}, 415, -32600},
		{"wants JSON only", good, http.Header{"Accept": {"application/json"}}, 406, -32600},
		{"wants events only", good, http.Header{"Accept": {"text/event-stream"}}, 406, -32600},
		{"wants no JSON", good, http.Header{"Accept": {"application/json;q=0, text/event-stream"}}, 406, -32600},
		{"too large", `{"jsonrpc":"2.0","id":7,"method":"` + strings.Repeat("x", 2000) + `"}`, nil, 413, -32600},
		{"another version in the header", good, http.Header{"Mcp-Protocol-Version": {"1999-01-01"}}, 400, -32022},
		{"two versions", good, http.Header{"Mcp-Protocol-Version": {stateful, stateless}}, 400, -32020},
		{"no session", good, http.Header{"Mcp-Session-Id": nil}, 400, -32600},
		{"two sessions", good, http.Header{"Mcp-Session-Id": {"a", "b"}}, 400, -32600},
		{"unknown session", good, http.Header{"Mcp-Session-Id": {"a"}}, 404, -32600},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := quietTown(t, func(c *portal.Config) { c.MaxBody = 1000 })
			alice := connect(t, n, "alice", stateful)
			alice.header = c.header
			if r := alice.post(c.body); r.status != c.status || codeOf(r) != c.code {
				t.Errorf("%d %s, want %d and %d", r.status, r.body, c.status, c.code)
			}
			n.untouched(t)
		})
	}
}

// The same for what only the stateless revision asks of a request.
func TestHeadersAndBodyAgree(t *testing.T) {
	for _, c := range []struct {
		name         string
		header       http.Header
		members      string
		status, code int
	}{
		{"another method", http.Header{"Mcp-Method": {"tools/list"}, "Mcp-Name": {"wiki_search"}}, `"name":"wiki_search"`, 400, -32020},
		{"no method", http.Header{"Mcp-Name": {"wiki_search"}}, `"name":"wiki_search"`, 400, -32020},
		{"two methods", http.Header{"Mcp-Method": {"tools/call", "tools/call"}, "Mcp-Name": {"wiki_search"}}, `"name":"wiki_search"`, 400, -32020},
		{"another name", http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"wiki_read"}}, `"name":"wiki_search"`, 400, -32020},
		{"no name", http.Header{"Mcp-Method": {"tools/call"}}, `"name":"wiki_search"`, 400, -32020},
		{"no name in the body", http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"wiki_search"}}, ``, 400, -32602},
		{"another version", http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"wiki_search"}, "Mcp-Protocol-Version": {stateful}}, `"name":"wiki_search"`, 400, -32020},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := quietTown(t, nil)
			alice := connect(t, n, "alice", stateless)
			r := alice.send(t.Context(), http.MethodPost, c.header, alice.request("tools/call", c.members))
			if r.status != c.status || codeOf(r) != c.code {
				t.Errorf("%d %s, want %d and %d", r.status, r.body, c.status, c.code)
			}
			n.untouched(t)
		})
	}
}

func TestAMethodThatARevisionLacksIsUnknown(t *testing.T) {
	for _, c := range []struct {
		method            string
		stateful, unknown bool // in the newer revision
	}{
		{"tools/frobnicate", true, true}, {"resources/read", true, true}, {"logging/setLevel", true, true},
		{"server/discover", true, false}, {"initialize", false, true}, {"ping", false, true},
	} {
		n := quietTown(t, nil)
		old, recent := connect(t, n, "alice", stateful), connect(t, n, "alice", stateless)
		members := ""
		if c.method == "resources/read" {
			members = `"uri":"x:y"`
		}
		if r := old.ask(c.method, members, ""); (codeOf(r) == -32601 && r.status == 200) != c.stateful {
			t.Errorf("%s, %s: %d %s", stateful, c.method, r.status, r.body)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(members, `"uri":"`), `"`)
		if r := recent.ask(c.method, members, name); (codeOf(r) == -32601 && r.status == 404) != c.unknown {
			t.Errorf("%s, %s: %d %s", stateless, c.method, r.status, r.body)
		}
		n.untouched(t)
	}
}

// Nothing but the application token says who asks.
func TestNobodyIsLetIn(t *testing.T) {
	for _, c := range []struct {
		name      string
		tokens    []string
		expect    func(*MockIdentifier)
		status    int
		challenge bool
	}{
		{"no token", nil, func(m *MockIdentifier) {
			m.EXPECT().Verify(mock.Anything, "").Return(assertion.Identity{}, assertion.ErrMissing)
		}, 401, true},
		{"bad token", []string{"forged"}, func(m *MockIdentifier) {
			m.EXPECT().Verify(mock.Anything, "forged").Return(assertion.Identity{}, assertion.ErrInvalid)
		}, 401, true},
		{"expired token", []string{"old"}, func(m *MockIdentifier) {
			m.EXPECT().Verify(mock.Anything, "old").Return(assertion.Identity{}, assertion.ErrExpired)
		}, 401, true},
		{"token of nobody", []string{"empty"}, func(m *MockIdentifier) {
			m.EXPECT().Verify(mock.Anything, "empty").Return(assertion.Identity{Email: "alice@town.example"}, nil)
		}, 401, true},
		{"two tokens", []string{"alice", "alice"}, func(*MockIdentifier) {}, 401, true},
		{"no keys", []string{"alice"}, func(m *MockIdentifier) {
			m.EXPECT().Verify(mock.Anything, "alice").Return(assertion.Identity{}, errors.Join(assertion.ErrUnavailable, errors.New("10.0.0.7")))
		}, 503, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := NewMockIdentifier(t)
			c.expect(who)
			n := quietTown(t, func(config *portal.Config) { config.Identifier = who })
			stranger := &client{t: t, town: n, revision: stateless, header: http.Header{"Cf-Access-Jwt-Assertion": c.tokens}}
			r := stranger.call("wiki_search", `{}`)
			if r.status != c.status || strings.Contains(r.body, "10.0.0.7") {
				t.Errorf("%d %s", r.status, r.body)
			}
			want := `Bearer resource_metadata="` + origin + `/.well-known/oauth-protected-resource/mcp"`
			if got := r.header.Get("Www-Authenticate"); (got == want) != c.challenge {
				t.Errorf("challenge %q", got)
			}
			n.untouched(t)
		})
	}
}

func TestASessionIsItsOwnersAlone(t *testing.T) {
	n := quietTown(t, nil)
	alice, bob := connect(t, n, "alice", stateful), connect(t, n, "bob", stateful)
	own := bob.session
	bob.session = alice.session
	for _, verb := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		if r := bob.send(t.Context(), verb, nil, bob.request("tools/call", `"name":"wiki_search"`)); r.status != 404 || codeOf(r) != -32600 {
			t.Errorf("%s: %d %s", verb, r.status, r.body)
		}
	}
	n.untouched(t)
	robot := &client{t: t, town: n, token: "robot", revision: stateful, session: alice.session}
	if r := robot.ask("ping", "", ""); r.status != 404 {
		t.Errorf("a service: %d", r.status)
	}
	if r := alice.ask("ping", "", ""); r.status != 200 {
		t.Errorf("alice, afterwards: %d", r.status)
	}
	bob.session = own
	if r := bob.send(t.Context(), http.MethodDelete, nil, ""); r.status != 204 {
		t.Errorf("DELETE of one's own: %d", r.status)
	}
	for _, verb := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		if r := bob.send(t.Context(), verb, nil, bob.request("ping", "")); r.status != 404 {
			t.Errorf("%s after the end: %d", verb, r.status)
		}
	}
}

func TestOtherVerbs(t *testing.T) {
	for _, c := range []struct {
		verb, revision string
		status         int
	}{
		{http.MethodGet, stateful, 405}, {http.MethodGet, stateless, 405}, {http.MethodDelete, stateless, 405},
		{http.MethodPut, stateful, 405}, {http.MethodHead, stateless, 405}, {http.MethodOptions, stateful, 405},
	} {
		n := quietTown(t, nil)
		r := connect(t, n, "alice", c.revision).send(t.Context(), c.verb, nil, "")
		if r.status != c.status || r.header.Get("Allow") != "POST, DELETE" {
			t.Errorf("%s, %s: %d, Allow %q", c.verb, c.revision, r.status, r.header.Get("Allow"))
		}
	}
}

func TestAnotherWebsiteIsRefused(t *testing.T) {
	for value, status := range map[string]int{
		"https://evil.example": 403, "null": 403, origin + ".evil.example": 403, "http://portal.example": 403, origin: 200, "": 200,
	} {
		n := quietTown(t, nil)
		alice := connect(t, n, "alice", stateless)
		alice.header.Set("Origin", value)
		if r := alice.ask("tools/list", "", ""); r.status != status {
			t.Errorf("%q: %d", value, r.status)
		}
		for _, verb := range []string{http.MethodGet, http.MethodDelete} {
			if r := alice.send(t.Context(), verb, nil, ""); (r.status == 403) != (status == 403) {
				t.Errorf("%s from %q: %d", verb, value, r.status)
			}
		}
		n.untouched(t)
	}
}
