package upstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// message is a JSON-RPC message as the test's servers read it.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
	header http.Header
	body   string
}

// peer is an upstream written for a test: it logs what arrives and answers
// with what the test says.
type peer struct {
	answer func(w http.ResponseWriter, r *http.Request, m message)

	mu   sync.Mutex
	log  []string // methods of the messages; "DELETE"; "result" and "error" for responses
	seen []message
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m := message{header: r.Header.Clone(), body: string(body)}
	_ = json.Unmarshal(body, &m)
	entry := m.Method
	switch {
	case r.Method == http.MethodDelete:
		entry = "DELETE"
	case m.Result != nil:
		entry = "result"
	case m.Error != nil:
		entry = "error"
	}
	p.mu.Lock()
	p.log, p.seen = append(p.log, entry), append(p.seen, m)
	p.mu.Unlock()
	p.answer(w, r, m)
}

func (p *peer) sequence() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, " ")
}

// got are the messages of one method that arrived.
func (p *peer) got(method string) (of []message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, entry := range p.log {
		if entry == method {
			of = append(of, p.seen[i])
		}
	}
	return of
}

// stateful answers the handshake of the stateful era and hands the rest on.
func stateful(rest func(w http.ResponseWriter, r *http.Request, m message)) *peer {
	return &peer{answer: func(w http.ResponseWriter, r *http.Request, m message) {
		switch {
		case m.Method == "server/discover":
			status(w, 400, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no session"}}`)
		case m.Method == "initialize":
			w.Header().Set("Mcp-Session-Id", "session-1")
			reply(w, m, `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"wiki","version":"1"},"instructions":"be kind"}`)
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case strings.HasPrefix(m.Method, "notifications/") || m.Result != nil || m.Error != nil:
			w.WriteHeader(http.StatusAccepted)
		default:
			rest(w, r, m)
		}
	}}
}

// stateless answers server/discover and hands the rest on.
func stateless(rest func(w http.ResponseWriter, r *http.Request, m message)) *peer {
	return &peer{answer: func(w http.ResponseWriter, r *http.Request, m message) {
		if m.Method != "server/discover" {
			rest(w, r, m)
			return
		}
		reply(w, m, `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"instructions":"be kind","ttlMs":0,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"wiki","version":"1"}}}`)
	}}
}

// eras are both kinds of peer around the same behaviour.
func eras(t *testing.T, run func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer)) {
	t.Run("stateful", func(t *testing.T) { run(t, rpc.Stateful, stateful) })
	t.Run("stateless", func(t *testing.T) { run(t, rpc.Stateless, stateless) })
}

func reply(w http.ResponseWriter, m message, result string) {
	status(w, 200, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result))
}

func status(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

// events starts an event stream and returns how to write to it.
func events(w http.ResponseWriter) func(format string, args ...any) {
	w.Header().Set("Content-Type", "text/event-stream")
	return func(format string, args ...any) {
		fmt.Fprintf(w, "data: "+format+"\n\n", args...)
		w.(http.Flusher).Flush()
	}
}

// loopback serves a peer on loopback.
func loopback(t *testing.T, h http.Handler) *upstream.Server {
	t.Helper()
	ts := httptest.NewServer(h)
	t.Cleanup(ts.Close)
	return upstream.New(upstream.Config{ID: "wiki", URL: ts.URL, HTTP: ts.Client()})
}

func open(t *testing.T, s *upstream.Server) *upstream.Conn {
	t.Helper()
	c, err := s.Open(t.Context(), nil, rpc.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// call is tools/call in the revision of the connection's own era.
func call(c *upstream.Conn, params string) upstream.Call {
	return upstream.Call{ID: json.RawMessage(`1`), Method: "tools/call", Params: json.RawMessage(params), From: c.Revision()}
}

// inMemory serves a peer inside a bubble: pipes instead of sockets.
func inMemory(t *testing.T, h http.Handler, config upstream.Config) *upstream.Server {
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: h}
	go srv.Serve(l)
	transport := &http.Transport{DialContext: l.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		srv.Close()
	})
	config.URL, config.HTTP = "http://wiki.example/mcp", &http.Client{Transport: transport}
	return upstream.New(config)
}

type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }
