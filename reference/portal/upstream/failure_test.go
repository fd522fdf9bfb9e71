package upstream_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// failure is the error of an answer that must be one.
func failure(t *testing.T, a upstream.Answer) *rpc.Error {
	t.Helper()
	if a.Error == nil || a.Result != nil {
		t.Fatalf("not an error: %s", a.Result)
	}
	return rpc.DecodeError(a.Error)
}

func TestDoRelaysErrorsOfTheServer(t *testing.T) {
	tests := []struct {
		status     int
		body, want string
	}{
		{200, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32001,"message":"m","data":{"n":1.0}}}`, `{"code":-32001,"message":"m","data":{"n":1.0}}`},
		{404, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"m"}}`, `{"code":-32601,"message":"m"}`},
		{400, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"m"}}`, `{"code":-32602,"message":"m"}`},
		{400, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"%[2]s"}}`, `{"code":-32600,"message":""}`},
	}
	eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
		for _, tt := range tests {
			p := around(func(w http.ResponseWriter, r *http.Request, m message) {
				status(w, tt.status, strings.ReplaceAll(strings.Replace(tt.body, "%s", string(m.ID), 1), "%[2]s", ""))
			})
			c := open(t, loopback(t, p))
			if d := cmp.Diff(tt.want, string(do(t, c, call(c, `{"name":"a"}`)).Error)); d != "" {
				t.Error(d)
			}
			if n := len(p.got("tools/call")); n != 1 {
				t.Errorf("%d requests", n)
			}
		}
	})
}

func TestDoFails(t *testing.T) {
	say := func(code int, body string) func(http.ResponseWriter, message) {
		return func(w http.ResponseWriter, m message) { status(w, code, body) }
	}
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, message)
		want   error // matched as StatusError, or by errors.Is
	}{
		{"401", func(w http.ResponseWriter, m message) {
			w.Header().Set("WWW-Authenticate", `Bearer scope="a"`)
			status(w, 401, "")
		}, &upstream.StatusError{Status: 401, Challenge: `Bearer scope="a"`, Upstream: true}},
		{"403 from something on the way", say(403, "<html>blocked"), &upstream.StatusError{Status: 403}},
		{"403 in JSON-RPC", say(403, `{"jsonrpc":"2.0","error":{"code":-32001,"message":"m"}}`), &upstream.StatusError{Status: 403, MCPCode: -32001, Upstream: true}},
		{"500 in JSON-RPC", say(500, `{"jsonrpc":"2.0","error":{"code":-32603,"message":"m"}}`), &upstream.StatusError{Status: 500, MCPCode: -32603, Upstream: true}},
		{"503", say(503, ""), &upstream.StatusError{Status: 503}},
		{"429", say(429, ""), &upstream.StatusError{Status: 429}},
		{"redirect", func(w http.ResponseWriter, m message) { w.Header().Set("Location", "/elsewhere"); w.WriteHeader(307) }, &upstream.StatusError{Status: 307}},
		{"400 text", say(400, "bad"), &upstream.StatusError{Status: 400}},
		{"error of another request", say(400, `{"jsonrpc":"2.0","id":"other","error":{"code":-32602,"message":"m"}}`), &upstream.StatusError{Status: 400, MCPCode: -32602, Upstream: true}},
		{"202", func(w http.ResponseWriter, m message) { w.WriteHeader(202) }, upstream.ErrMalformed},
		{"HTML", func(w http.ResponseWriter, m message) { w.Header().Set("Content-Type", "text/html") }, upstream.ErrMalformed},
		{"not JSON", say(200, "{"), upstream.ErrMalformed},
		{"duplicate keys", func(w http.ResponseWriter, m message) { reply(w, m, `{"content":[],"content":[]}`) }, upstream.ErrMalformed},
		{"another id", say(200, `{"jsonrpc":"2.0","id":"1","result":{}}`), upstream.ErrMalformed},
		{"a request", say(200, `{"jsonrpc":"2.0","id":1,"method":"ping"}`), upstream.ErrMalformed},
		{"result not an object", func(w http.ResponseWriter, m message) { reply(w, m, `[]`) }, upstream.ErrMalformed},
		{"another id in events", func(w http.ResponseWriter, m message) { events(w)(`{"jsonrpc":"2.0","id":0,"result":{}}`) }, upstream.ErrMalformed},
		{"not JSON in events", func(w http.ResponseWriter, m message) { events(w)(`x`) }, upstream.ErrMalformed},
		{"events end early", func(w http.ResponseWriter, m message) { events(w) }, upstream.ErrBroken},
		{"connection breaks", func(w http.ResponseWriter, m message) { events(w)(`%s`, ``); panic(http.ErrAbortHandler) }, upstream.ErrBroken},
		{"too large", func(w http.ResponseWriter, m message) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "67108865")
		}, upstream.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := stateful(func(w http.ResponseWriter, r *http.Request, m message) { tt.answer(w, m) })
			c := open(t, loopback(t, p))
			_, err := c.Do(t.Context(), call(c, `{"name":"a"}`), nil)
			if want, ok := tt.want.(*upstream.StatusError); ok {
				got, _ := errors.AsType[*upstream.StatusError](err)
				if got == nil || fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", *want) {
					t.Errorf("error %v (%+v), want %+v", err, got, want)
				}
			} else if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if errors.Is(err, upstream.ErrUnauthorized) != (tt.name == "401") {
				t.Errorf("ErrUnauthorized: %v", err)
			}
			if d := cmp.Diff(handshake+" tools/call", p.sequence()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRedirectsTakeNoCredentialAlong(t *testing.T) {
	trap := &peer{answer: func(w http.ResponseWriter, r *http.Request, m message) {}}
	ts := httptest.NewServer(trap)
	defer ts.Close()
	p := stateless(func(w http.ResponseWriter, r *http.Request, m message) {
		http.Redirect(w, r, ts.URL, http.StatusTemporaryRedirect)
	})
	c, err := loopback(t, p).Open(t.Context(), bearer, rpc.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), call(c, `{"name":"a"}`), nil); err == nil {
		t.Error("no error")
	}
	if trap.sequence() != "" || len(trap.seen) > 0 {
		t.Error("the redirect was followed")
	}
}
