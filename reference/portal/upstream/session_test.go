package upstream_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// forgetful is a stateful server whose sessions can be lost: only the latest
// session id is good.
func forgetful(newest *session) *peer {
	p := stateful(func(w http.ResponseWriter, r *http.Request, m message) {
		if r.Header.Get("Mcp-Session-Id") != newest.id() {
			status(w, 404, `{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}`)
			return
		}
		reply(w, m, `{}`)
	})
	rest := p.answer
	p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
		if m.Method == "initialize" {
			w.Header().Set("Mcp-Session-Id", newest.begin())
			reply(w, m, initResult)
			return
		}
		rest(w, r, m)
	}
	return p
}

type session struct {
	mu sync.Mutex
	n  int
}

func (s *session) begin() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return "session-" + strconv.Itoa(s.n)
}

func (s *session) id() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "session-" + strconv.Itoa(s.n)
}

func TestALostSessionIsOpenedAgainAndTheCallRepeated(t *testing.T) {
	newest := &session{}
	p := forgetful(newest)
	c := open(t, loopback(t, p))
	newest.begin()
	do(t, c, call(c, `{"name":"a"}`))
	if d := cmp.Diff(handshake+" tools/call initialize notifications/initialized tools/call", p.sequence()); d != "" {
		t.Error(d)
	}
	if got := p.got("initialize")[1].header.Get("Mcp-Session-Id"); got != "" {
		t.Errorf("initialize carried the old session %q", got)
	}
}

func TestASessionLostTwiceIsAnError(t *testing.T) {
	p := stateful(func(w http.ResponseWriter, r *http.Request, m message) { w.WriteHeader(404) })
	c := open(t, loopback(t, p))
	_, err := c.Do(t.Context(), call(c, `{"name":"a"}`), nil)
	if status, ok := errors.AsType[*upstream.StatusError](err); !ok || status.Status != 404 {
		t.Errorf("error %v", err)
	}
	if d := cmp.Diff(handshake+" tools/call initialize notifications/initialized tools/call", p.sequence()); d != "" {
		t.Error(d)
	}
}

func TestCallsAtOnceOpenALostSessionOnce(t *testing.T) {
	newest := &session{}
	p := forgetful(newest)
	c := open(t, loopback(t, p))
	newest.begin()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { do(t, c, call(c, `{"name":"a"}`)) })
	}
	all.Wait()
	if n := len(p.got("initialize")); n != 2 {
		t.Errorf("%d handshakes", n)
	}
}

func TestMethodNotFoundIsNoLostSession(t *testing.T) {
	p := stateful(func(w http.ResponseWriter, r *http.Request, m message) {
		status(w, 404, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"error":{"code":-32601,"message":"m"}}`)
	})
	c := open(t, loopback(t, p))
	if got := do(t, c, call(c, `{"name":"a"}`)); failure(t, got).Code != -32601 {
		t.Errorf("answer %+v", got)
	}
	if d := cmp.Diff(handshake+" tools/call", p.sequence()); d != "" {
		t.Error(d)
	}
}

func TestAConnectionFollowsTheServerIntoAnotherEra(t *testing.T) {
	good := func(w http.ResponseWriter, r *http.Request, m message) { reply(w, m, `{}`) }
	t.Run("to stateless", func(t *testing.T) {
		p := stateful(good)
		c := open(t, loopback(t, p))
		after := stateless(good).answer
		p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
			if r.Header.Get("MCP-Protocol-Version") != "2026-07-28" {
				status(w, 400, `{"jsonrpc":"2.0","error":{"code":-32022,"message":"m","data":{"supported":["2026-07-28"]}}}`)
				return
			}
			after(w, r, m)
		}
		do(t, c, upstream.Call{Method: "tools/call", From: rpc.Stateful, Params: []byte(`{"name":"a"}`)})
		if d := cmp.Diff(handshake+" tools/call server/discover tools/call", p.sequence()); d != "" {
			t.Error(d)
		}
	})
	t.Run("to stateful", func(t *testing.T) {
		p := stateless(good)
		c := open(t, loopback(t, p))
		after := stateful(good).answer
		p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
			if r.Header.Get("MCP-Protocol-Version") == "2026-07-28" {
				status(w, 400, `{"jsonrpc":"2.0","error":{"code":-32022,"message":"m","data":{"supported":["2025-11-25"]}}}`)
				return
			}
			after(w, r, m)
		}
		do(t, c, upstream.Call{Method: "tools/call", From: rpc.Stateful, Params: []byte(`{"name":"a"}`)})
		if d := cmp.Diff(discover+" tools/call "+handshake+" tools/call", p.sequence()); d != "" {
			t.Error(d)
		}
	})
	t.Run("to stateful without saying so", func(t *testing.T) {
		p := stateless(good)
		c := open(t, loopback(t, p))
		after := stateful(good).answer
		p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
			if m.Method == "tools/call" && r.Header.Get("Mcp-Session-Id") == "" {
				status(w, 400, "no session")
				return
			}
			after(w, r, m)
		}
		if _, err := c.Do(t.Context(), call(c, `{"name":"a"}`), nil); err == nil {
			t.Error("the first call after the change succeeded: it was repeated without need")
		}
		do(t, c, upstream.Call{Method: "tools/call", From: rpc.Stateful, Params: []byte(`{"name":"a"}`)})
		if d := cmp.Diff(discover+" tools/call "+handshake+" tools/call", p.sequence()); d != "" {
			t.Error(d)
		}
	})
}

func TestClose(t *testing.T) {
	for code, good := range map[int]bool{200: true, 204: true, 405: true, 404: true, 401: false, 500: false} {
		p := stateful(nil)
		c := open(t, loopback(t, p))
		rest := p.answer
		p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
			if r.Method == http.MethodDelete {
				w.WriteHeader(code)
				return
			}
			rest(w, r, m)
		}
		if err := c.Close(t.Context()); (err == nil) != good {
			t.Errorf("%d: %v", code, err)
		}
		h := p.got("DELETE")[0].header
		if h.Get("Mcp-Session-Id") != "session-1" || h.Get("MCP-Protocol-Version") != "2025-11-25" {
			t.Errorf("headers %v", h)
		}
		if err := c.Close(t.Context()); err != nil || len(p.got("DELETE")) != 1 {
			t.Errorf("closing twice: %v, %s", err, p.sequence())
		}
		if _, err := c.Do(t.Context(), upstream.Call{Method: "ping"}, nil); !errors.Is(err, upstream.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

func TestCloseOfAStatelessConnectionSendsNothing(t *testing.T) {
	p := stateless(nil)
	if err := open(t, loopback(t, p)).Close(t.Context()); err != nil || p.sequence() != discover {
		t.Errorf("%v, %s", err, p.sequence())
	}
}

func TestList(t *testing.T) {
	eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
		p := around(func(w http.ResponseWriter, r *http.Request, m message) {
			switch cursor, _ := rpc.Lookup(m.Params, "cursor"); string(cursor) {
			case "":
				reply(w, m, `{"tools":[ {"name":"a", "x":1.0} ],"nextCursor":""}`)
			case `""`:
				reply(w, m, `{"tools":[],"nextCursor":"\u00e9"}`)
			case `"\u00e9"`:
				reply(w, m, `{"resultType":"complete","tools":[{"name":"b","execution":{}},{"name":"c"}],"nextCursor":null}`)
			}
		})
		c := open(t, loopback(t, p))
		items, err := c.List(t.Context(), "tools/list", "tools")
		if err != nil {
			t.Fatal(err)
		}
		want := `[{"name":"a", "x":1.0},{"name":"b","execution":{}},{"name":"c"}]`
		if d := cmp.Diff(want, string(rpc.Array(items))); d != "" {
			t.Error(d)
		}
		first := p.got("tools/list")[0]
		if strings.Contains(first.body, "protocolVersion") != (era == rpc.Stateless) {
			t.Errorf("request %s", first.body)
		}
	})
}

func TestListRefuses(t *testing.T) {
	tests := map[string]struct {
		result string
		is     error
	}{
		"no end":              {`{"tools":[],"nextCursor":"x"}`, upstream.ErrTooMany},
		"too many items":      {`{"tools":[` + strings.Repeat("{},", 6000) + `{}],"nextCursor":"x"}`, upstream.ErrTooMany},
		"no list":             {`{}`, upstream.ErrMalformed},
		"folded key":          {`{"tools":[],"Tools":[]}`, upstream.ErrMalformed},
		"cursor not a string": {`{"tools":[],"nextCursor":1}`, upstream.ErrMalformed},
		"not complete":        {`{"resultType":"input_required","tools":[]}`, upstream.ErrMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := stateless(func(w http.ResponseWriter, r *http.Request, m message) { reply(w, m, tt.result) })
			if _, err := open(t, loopback(t, p)).List(t.Context(), "tools/list", "tools"); !errors.Is(err, tt.is) {
				t.Errorf("error %v, want %v", err, tt.is)
			}
			if n := len(p.got("tools/list")); n > 1000 {
				t.Errorf("%d pages", n)
			}
		})
	}
}

func TestListReportsTheServersRefusal(t *testing.T) {
	p := stateless(func(w http.ResponseWriter, r *http.Request, m message) {
		status(w, 404, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"error":{"code":-32601,"message":"m"}}`)
	})
	_, err := open(t, loopback(t, p)).List(t.Context(), "prompts/list", "prompts")
	if refused, ok := errors.AsType[*rpc.Error](err); !ok || refused.Code != -32601 {
		t.Errorf("error %v", err)
	}
}
