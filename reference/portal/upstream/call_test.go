package upstream_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

func TestDoKeepsEveryByte(t *testing.T) {
	const params = `{"x-unknown":[1.0],"name":"search", "arguments":{"n":9007199254740993,"a":"\u003c<é"},"_meta":{"traceparent":"00-1"}}`
	const result = `{"x-top":1e2, "content":[{"type":"video","x-f":null}],"isError":false,"structuredContent":{"n":9007199254740993}}`
	eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
		p := around(func(w http.ResponseWriter, r *http.Request, m message) { reply(w, m, result) })
		c := open(t, loopback(t, p))
		answer, err := c.Do(t.Context(), call(c, params), nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(result, string(answer.Result)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(params, string(p.got("tools/call")[0].Params)); d != "" {
			t.Error(d)
		}
	})
}

func TestDoSendsOnlyTheHeadersOfTheProtocol(t *testing.T) {
	transport := []string{"Accept-Encoding", "Content-Length"}
	want := map[rpc.Revision]map[string]string{
		rpc.Stateful:  {"Mcp-Protocol-Version": "2025-11-25", "Mcp-Session-Id": "session-1"},
		rpc.Stateless: {"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "search"},
	}
	eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
		p := around(func(w http.ResponseWriter, r *http.Request, m message) { reply(w, m, `{}`) })
		s := loopback(t, p)
		c, err := s.Open(t.Context(), bearer, rpc.Caller{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(t.Context(), call(c, `{"name":"search"}`), nil); err != nil {
			t.Fatal(err)
		}
		want := maps.Clone(want[era])
		want["Accept"], want["Content-Type"] = "application/json, text/event-stream", "application/json"
		want["User-Agent"], want["Authorization"] = "portico", "Bearer secret"
		got := map[string]string{}
		for name, values := range p.got("tools/call")[0].header {
			if !slices.Contains(transport, name) {
				got[name] = strings.Join(values, "|")
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestDoTranslatesBetweenTheEras(t *testing.T) {
	t.Run("stateless client, stateful server", func(t *testing.T) {
		p := stateful(func(w http.ResponseWriter, r *http.Request, m message) { reply(w, m, `{"content":[]}`) })
		c := open(t, loopback(t, p))
		got := do(t, c, upstream.Call{Method: "tools/call", From: rpc.Stateless,
			Params: json.RawMessage(`{"name":"a","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}`)})
		if d := cmp.Diff(`{"content":[],"resultType":"complete"}`, string(got.Result)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(`{"name":"a"}`, string(p.got("tools/call")[0].Params)); d != "" {
			t.Error(d)
		}
	})
	t.Run("stateful client, stateless server", func(t *testing.T) {
		p := stateless(func(w http.ResponseWriter, r *http.Request, m message) {
			reply(w, m, `{"content":[],"resultType":"complete"}`)
		})
		c := open(t, loopback(t, p))
		got := do(t, c, upstream.Call{Method: "tools/call", From: rpc.Stateful, Params: json.RawMessage(`{"name":"a"}`)})
		if d := cmp.Diff(`{"content":[]}`, string(got.Result)); d != "" {
			t.Error(d)
		}
		if !strings.Contains(string(p.got("tools/call")[0].Params), `"io.modelcontextprotocol/protocolVersion":"2026-07-28"`) {
			t.Errorf("params %s", p.got("tools/call")[0].Params)
		}
	})
	t.Run("input required cannot be carried", func(t *testing.T) {
		p := stateless(func(w http.ResponseWriter, r *http.Request, m message) {
			reply(w, m, `{"resultType":"input_required"}`)
		})
		c := open(t, loopback(t, p))
		got := do(t, c, upstream.Call{Method: "tools/call", From: rpc.Stateful, Params: json.RawMessage(`{"name":"a"}`)})
		if e := failure(t, got); e.Code != -32603 || !strings.Contains(e.Message, "input_required") {
			t.Errorf("error %v", e)
		}
	})
	t.Run("unknown result type", func(t *testing.T) {
		p := stateless(func(w http.ResponseWriter, r *http.Request, m message) { reply(w, m, `{"resultType":"x"}`) })
		c := open(t, loopback(t, p))
		if got := do(t, c, call(c, `{"name":"a"}`)); failure(t, got).Code != -32603 {
			t.Errorf("answer %+v", got)
		}
	})
	t.Run("ping has no way to a stateless server", func(t *testing.T) {
		p := stateless(nil)
		c := open(t, loopback(t, p))
		if got := do(t, c, upstream.Call{Method: "ping", From: rpc.Stateful}); string(got.Result) != `{}` {
			t.Errorf("answer %+v", got)
		}
		if got := do(t, c, upstream.Call{Method: "logging/setLevel", From: rpc.Stateful}); failure(t, got).Code != -32601 {
			t.Errorf("answer %+v", got)
		}
		if d := cmp.Diff(discover, p.sequence()); d != "" {
			t.Error(d)
		}
	})
}

func do(t *testing.T, c *upstream.Conn, call upstream.Call) upstream.Answer {
	t.Helper()
	answer, err := c.Do(t.Context(), call, nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
