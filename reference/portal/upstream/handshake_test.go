package upstream_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

const (
	discover   = "server/discover"
	handshake  = "server/discover initialize notifications/initialized"
	initResult = `{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"w","version":"1"}}`
)

func TestOpenFindsTheEraOut(t *testing.T) {
	say := func(code int, body string) func(http.ResponseWriter, message) {
		return func(w http.ResponseWriter, m message) { status(w, code, body) }
	}
	e := func(code, data string) string {
		return `{"jsonrpc":"2.0","error":{"code":` + code + `,"message":"m"` + data + `}}`
	}
	tests := []struct {
		name     string
		discover func(http.ResponseWriter, message)
		sequence string
		era      rpc.Revision // "": Open fails
	}{
		{"discover result", func(w http.ResponseWriter, m message) {
			reply(w, m, `{"supportedVersions":["2026-07-28","2025-11-25"]}`)
		}, discover, rpc.Stateless},
		{"discover result in events", func(w http.ResponseWriter, m message) {
			events(w)(`{"jsonrpc":"2.0","id":%s,"result":{"supportedVersions":["2026-07-28"]}}`, m.ID)
		}, discover, rpc.Stateless},
		{"discover lists old only", func(w http.ResponseWriter, m message) { reply(w, m, `{"supportedVersions":["2025-11-25"]}`) }, handshake, rpc.Stateful},
		{"discover lists nothing known", func(w http.ResponseWriter, m message) { reply(w, m, `{"supportedVersions":["2099-01-01"]}`) }, discover, ""},
		{"result of something else", func(w http.ResponseWriter, m message) { reply(w, m, `{}`) }, handshake, rpc.Stateful},
		{"400 header mismatch", say(400, e("-32020", "")), discover, rpc.Stateless},
		{"400 missing capability", say(400, e("-32021", "")), discover, rpc.Stateless},
		{"400 version, same listed", say(400, e("-32022", `,"data":{"supported":["2026-07-28"]}`)), discover, rpc.Stateless},
		{"400 version, nothing listed", say(400, e("-32022", "")), discover, rpc.Stateless},
		{"400 version, old listed", say(400, e("-32022", `,"data":{"supported":["2025-11-25","2025-06-18"]}`)), handshake, rpc.Stateful},
		{"400 version, unknown listed", say(400, e("-32022", `,"data":{"supported":["2099-01-01"]}`)), discover, ""},
		{"400 other error", say(400, e("-32000", "")), handshake, rpc.Stateful},
		{"400 text", say(400, `Bad Request`), handshake, rpc.Stateful},
		{"404", say(404, ``), handshake, rpc.Stateful},
		{"404 method not found", say(404, e("-32601", "")), handshake, rpc.Stateful},
		{"405", say(405, ``), handshake, rpc.Stateful},
		{"406", say(406, ``), handshake, rpc.Stateful},
		{"200 method not found", say(200, e("-32601", "")), handshake, rpc.Stateful},
		{"200 not JSON", say(200, `hello`), handshake, rpc.Stateful},
		{"202", func(w http.ResponseWriter, m message) { w.WriteHeader(202) }, handshake, rpc.Stateful},
		{"events without an answer", func(w http.ResponseWriter, m message) { events(w) }, handshake, rpc.Stateful},
		{"500", say(500, `oops`), handshake, rpc.Stateful},
		{"401", say(401, ``), discover, ""},
		{"403", say(403, e("-32000", "")), discover, ""},
		{"302", func(w http.ResponseWriter, m message) { w.Header().Set("Location", "/"); w.WriteHeader(302) }, discover, ""},
		{"429", say(429, ``), discover, ""},
		{"503", say(503, ``), discover, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := stateful(nil)
			rest := p.answer
			p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
				if m.Method == "server/discover" {
					tt.discover(w, m)
					return
				}
				rest(w, r, m)
			}
			c, err := loopback(t, p).Open(t.Context(), nil, rpc.Caller{})
			if d := cmp.Diff(tt.sequence, p.sequence()); d != "" {
				t.Error(d)
			}
			if (err != nil) != (tt.era == "") {
				t.Fatalf("error %v", err)
			}
			if err == nil && c.Revision() != tt.era {
				t.Errorf("era %q, want %q", c.Revision(), tt.era)
			}
		})
	}
}

func TestOpenReadsTheGreeting(t *testing.T) {
	eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
		c := open(t, loopback(t, around(nil)))
		got := []string{string(c.Revision()), string(c.Capabilities()), string(c.ServerInfo()), c.Instructions()}
		want := []string{string(era), `{"tools":{}}`, `{"name":"wiki","version":"1"}`, "be kind"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestOpenDeclaresOnlyWhatIsRelayed(t *testing.T) {
	p := stateful(nil)
	caller := rpc.Caller{Capabilities: []byte(`{"sampling":{},"experimental":{"x":1},"elicitation":{},"roots":{}}`), ClientInfo: []byte(`{"name":"editor","version":"2"}`)}
	if _, err := loopback(t, p).Open(t.Context(), nil, caller); err != nil {
		t.Fatal(err)
	}
	want := `{"protocolVersion":"2025-11-25","capabilities":{"experimental":{"x":1}},"clientInfo":{"name":"editor","version":"2"}}`
	if d := cmp.Diff(want, string(p.got("initialize")[0].Params)); d != "" {
		t.Error(d)
	}
}

func TestOpenRemembersTheEra(t *testing.T) {
	for name, tt := range map[string]struct {
		peer *peer
		want string
	}{
		"stateful":  {stateful(nil), handshake + " initialize notifications/initialized"},
		"stateless": {stateless(nil), discover},
	} {
		t.Run(name, func(t *testing.T) {
			s := loopback(t, tt.peer)
			open(t, s)
			if c := open(t, s); string(c.Capabilities()) != `{"tools":{}}` {
				t.Errorf("capabilities %s", c.Capabilities())
			}
			if d := cmp.Diff(tt.want, tt.peer.sequence()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestOpenWithAPinnedRevision(t *testing.T) {
	for rev, want := range map[rpc.Revision]string{
		rpc.Stateless: "", rpc.Stateful: "initialize notifications/initialized",
	} {
		p := stateful(nil)
		c := open(t, inMemory(t, p, upstream.Config{Revision: rev}))
		if got := p.sequence(); got != want || c.Revision() != rev {
			t.Errorf("%s: %q, era %s", rev, got, c.Revision())
		}
	}
}

func TestOpenProbesAgainWhenTheServerChangedItsEra(t *testing.T) {
	p := stateful(nil)
	after := stateless(nil).answer
	s := loopback(t, p)
	open(t, s)
	p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
		if m.Method == "initialize" {
			status(w, 400, `{"jsonrpc":"2.0","error":{"code":-32022,"message":"m","data":{"supported":["2026-07-28"]}}}`)
			return
		}
		after(w, r, m)
	}
	if c := open(t, s); c.Revision() != rpc.Stateless {
		t.Errorf("era %s", c.Revision())
	}
	if d := cmp.Diff(handshake+" initialize server/discover", p.sequence()); d != "" {
		t.Error(d)
	}
}

func TestOpenNegotiatesAnOlderRevision(t *testing.T) {
	p := &peer{answer: func(w http.ResponseWriter, r *http.Request, m message) {
		switch m.Method {
		case "server/discover":
			status(w, 404, "")
		case "initialize":
			reply(w, m, `{"protocolVersion":"2025-06-18","capabilities":{}}`)
		case "notifications/initialized":
			w.WriteHeader(202)
		default:
			reply(w, m, `{}`)
		}
	}}
	c := open(t, loopback(t, p))
	if _, err := c.Do(t.Context(), call(c, `{"name":"a"}`), nil); err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]string{"initialize": "", "notifications/initialized": "2025-06-18", "tools/call": "2025-06-18"} {
		if got := p.got(method)[0].header.Get("MCP-Protocol-Version"); got != want {
			t.Errorf("%s: %q, want %q", method, got, want)
		}
	}
}

func TestOpenFails(t *testing.T) {
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, message) // to initialize
		is     error
	}{
		{"unknown revision", func(w http.ResponseWriter, m message) {
			reply(w, m, `{"protocolVersion":"2024-11-05","capabilities":{}}`)
		}, upstream.ErrRevision},
		{"no revision", func(w http.ResponseWriter, m message) { reply(w, m, `{}`) }, upstream.ErrRevision},
		{"session id with a blank", func(w http.ResponseWriter, m message) {
			w.Header().Set("Mcp-Session-Id", "a b")
			reply(w, m, initResult)
		}, upstream.ErrMalformed},
		{"not JSON", func(w http.ResponseWriter, m message) { status(w, 200, "x") }, upstream.ErrMalformed},
		{"unauthorized", func(w http.ResponseWriter, m message) { status(w, 401, "") }, upstream.ErrUnauthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &peer{answer: func(w http.ResponseWriter, r *http.Request, m message) {
				if m.Method == "initialize" {
					tt.answer(w, m)
					return
				}
				w.WriteHeader(404)
			}}
			if _, err := loopback(t, p).Open(t.Context(), nil, rpc.Caller{}); !errors.Is(err, tt.is) {
				t.Errorf("error %v, want %v", err, tt.is)
			}
			if d := cmp.Diff("server/discover initialize", p.sequence()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestOpenReportsARefusedHandshake(t *testing.T) {
	p := &peer{answer: func(w http.ResponseWriter, r *http.Request, m message) {
		status(w, 200, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"error":{"code":-32000,"message":"closed today"}}`)
	}}
	_, err := loopback(t, p).Open(t.Context(), nil, rpc.Caller{})
	refused, ok := errors.AsType[*rpc.Error](err)
	if !ok || refused.Code != -32000 {
		t.Errorf("error %v", err)
	}
}

func TestOpenReportsAnUnreachableServer(t *testing.T) {
	s := upstream.New(upstream.Config{ID: "wiki", URL: "http://127.0.0.1:1/mcp"})
	_, err := s.Open(t.Context(), nil, rpc.Caller{})
	if err == nil || errors.Is(err, upstream.ErrMalformed) {
		t.Errorf("error %v", err)
	}
}
