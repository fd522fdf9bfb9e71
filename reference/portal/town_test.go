package portal_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/assertion"
)

// town is hosts that speak HTTP to one another without a network, so that they
// can live in a bubble with virtual time.
type town struct {
	mu    sync.Mutex
	hosts map[string]http.Handler
	sent  []sent
}

// sent is a request as it left somebody.
type sent struct {
	via, to, verb, path string
	header              http.Header
	body                string
}

func newTown() *town { return &town{hosts: map[string]http.Handler{}} }

func (n *town) serve(host string, h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host] = h
}

// dial is a client whose requests are noted as sent that way.
func (n *town) dial(via string) *http.Client {
	return &http.Client{
		Transport:     wire{n, via},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// to are the requests to a host so far.
func (n *town) to(host string) (some []sent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.sent {
		if s.to == host {
			some = append(some, s)
		}
	}
	return some
}

// forget makes what was sent no part of what comes.
func (n *town) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent = nil
}

// wire carries requests to the handlers of a town.
type wire struct {
	town *town
	via  string
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	w.town.mu.Lock()
	h := w.town.hosts[r.URL.Host]
	w.town.sent = append(w.town.sent, sent{w.via, r.URL.Host, r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)})
	w.town.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("dial tcp 10.1.2.3:443: no such host")
	}
	return answerOf(h, r, body)
}

// answerOf lets a handler answer, its response streaming.
func answerOf(h http.Handler, r *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	arrived := r.Clone(ctx)
	arrived.RequestURI = r.URL.RequestURI()
	arrived.Body = io.NopCloser(bytes.NewReader(body))
	arrived.ContentLength = int64(len(body))
	if arrived.Host == "" {
		arrived.Host = r.URL.Host
	}
	reader, writer := io.Pipe()
	out := &response{header: http.Header{}, pipe: writer, begun: make(chan struct{})}
	stop := context.AfterFunc(ctx, func() { _ = writer.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer stop()
		defer func() { // a handler that panics hangs up, and so does a mock that fails the test
			_ = recover()
			out.WriteHeader(0)
			_ = writer.CloseWithError(io.ErrUnexpectedEOF)
		}()
		h.ServeHTTP(out, arrived)
		out.WriteHeader(http.StatusOK)
		out.Flush()
		_ = writer.Close()
	}()
	select {
	case <-out.begun:
	case <-ctx.Done():
		cancel()
		return nil, context.Cause(ctx)
	}
	if out.status == 0 {
		cancel()
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		StatusCode: out.status, Status: http.StatusText(out.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.sent, Body: hangUp{reader, cancel}, ContentLength: -1, Request: r,
	}, nil
}

// hangUp tells the handler when the reader closes the body.
type hangUp struct {
	*io.PipeReader
	cancel func()
}

func (h hangUp) Close() error {
	h.cancel()
	return h.PipeReader.Close()
}

type response struct {
	header, sent http.Header
	pipe         *io.PipeWriter
	written      bytes.Buffer
	gone         error // the reader has closed
	status       int
	begun        chan struct{}
	once         sync.Once
}

func (w *response) Header() http.Header { return w.header }

// Flush passes on what was written: like a server's, writes wait for it.
func (w *response) Flush() {
	w.WriteHeader(http.StatusOK)
	_, w.gone = w.pipe.Write(w.written.Bytes())
	w.written.Reset()
}

func (w *response) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	})
}

func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.written.Write(b)
	return len(b), w.gone
}

// people are the application tokens of the tests and whom each speaks for.
type people map[string]assertion.Identity

func (p people) Verify(_ context.Context, token string) (assertion.Identity, error) {
	if who, ok := p[token]; ok {
		return who, nil
	}
	if token == "" {
		return assertion.Identity{}, assertion.ErrMissing
	}
	return assertion.Identity{}, assertion.ErrInvalid
}

func everybody() people {
	return people{
		"alice":  {Subject: "a-1", Email: "alice@town.example", Grant: "grant-a"},
		"alice2": {Subject: "a-1", Email: "alice@town.example", Grant: "grant-a2"},
		"bob":    {Subject: "b-1", Email: "bob@town.example", Grant: "grant-b"},
		"robot":  {Service: "robot.access", Grant: "service:robot.access"},
	}
}

const origin = "https://portal.example"

// standUp puts a portal with these servers into a town.
func standUp(t *testing.T, n *town, change func(*portal.Config), servers ...portal.Server) *portal.Portal {
	t.Helper()
	c := portal.Config{
		Origin: origin, AdminOrigin: "https://admin.example", Servers: servers, Identifier: everybody(),
		Direct: n.dial("direct"), Inspected: n.dial("gateway"), Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&c)
	}
	p, err := portal.New(c)
	if err != nil {
		t.Fatal(err)
	}
	n.serve("portal.internal.example", p)
	return p
}

// synced is standUp with every server synchronized, and what was sent for that
// forgotten.
func synced(t *testing.T, n *town, change func(*portal.Config), servers ...portal.Server) *portal.Portal {
	t.Helper()
	p := standUp(t, n, change, servers...)
	for _, s := range servers {
		if _, err := p.Sync(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
	}
	n.forget()
	return p
}

func server(id string) portal.Server {
	return portal.Server{ID: id, URL: "https://" + id + ".example/mcp"}
}

// client is an MCP client of the portal, one revision.
type client struct {
	t        *testing.T
	town     *town
	token    string
	revision string
	session  string
	header   http.Header // added to every request
}

// reply is what a request came to, read to the end.
type reply struct {
	status int
	header http.Header
	body   string
}

// events are the data of the events of a streamed reply.
func (r reply) events() (all []string) {
	for part := range strings.SplitSeq(r.body, "\n\n") {
		for line := range strings.SplitSeq(part, "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				all = append(all, data)
			}
		}
	}
	return all
}

const (
	stateful  = "2025-11-25"
	stateless = "2026-07-28"
)

// connect makes a client and, in the stateful era, its session.
func connect(t *testing.T, n *town, token, revision string) *client {
	t.Helper()
	c := &client{t: t, town: n, token: token, revision: revision, header: http.Header{}}
	if revision == stateless {
		return c
	}
	r := c.post(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`)
	if r.status != http.StatusOK {
		t.Fatalf("initialize: %d %s", r.status, r.body)
	}
	c.session = r.header.Get("Mcp-Session-Id")
	return c
}

// request writes a request with members of params, in the client's revision.
func (c *client) request(method, members string) string {
	if c.revision == stateless {
		if members != "" {
			members += ","
		}
		members += `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":%q,"params":{%s}}`, method, members)
}

// ask sends a request; name is what its headers say it is about.
func (c *client) ask(method, members, name string) reply {
	c.t.Helper()
	header := http.Header{}
	if c.revision == stateless {
		header.Set("Mcp-Method", method)
		if name != "" {
			header.Set("Mcp-Name", name)
		}
	}
	return c.send(c.t.Context(), http.MethodPost, header, c.request(method, members))
}

// call calls a tool.
func (c *client) call(tool, arguments string) reply {
	c.t.Helper()
	return c.ask("tools/call", fmt.Sprintf(`"name":%q,"arguments":%s`, tool, arguments), tool)
}

func (c *client) post(body string) reply {
	c.t.Helper()
	return c.send(c.t.Context(), http.MethodPost, nil, body)
}

func (c *client) send(ctx context.Context, verb string, header http.Header, body string) reply {
	c.t.Helper()
	resp, err := c.begin(ctx, verb, header, body)
	if err != nil {
		c.t.Errorf("%s: %v", verb, err)
		return reply{}
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// begin sends a request and returns its response as it comes.
func (c *client) begin(ctx context.Context, verb string, header http.Header, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, verb, "https://portal.internal.example/mcp", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if c.token != "" {
		r.Header.Set("Cf-Access-Jwt-Assertion", c.token)
	}
	if c.session != "" {
		r.Header.Set("Mcp-Session-Id", c.session)
	}
	if c.revision == stateless || c.session != "" {
		r.Header.Set("Mcp-Protocol-Version", c.revision)
	}
	for _, more := range []http.Header{c.header, header} {
		for name, values := range more {
			r.Header[name] = values
		}
	}
	return c.town.dial(c.token).Do(r)
}
