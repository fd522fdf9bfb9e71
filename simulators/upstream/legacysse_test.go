package upstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/portico-mcp/portico/simulators/upstream"
)

func legacy(t *testing.T, c upstream.LegacySSEConfig) (*upstream.LegacySSE, string) {
	t.Helper()
	s, err := upstream.NewLegacySSE(c)
	if err != nil {
		t.Fatal(err)
	}
	h := host(t, s)
	t.Cleanup(func() { _ = s.Close() })
	return s, h.URL
}

// TestLegacySSEClient goes through it with the SDK's client for the transport.
func TestLegacySSEClient(t *testing.T) {
	_, base := legacy(t, upstream.LegacySSEConfig{Tools: tools()})
	wire, err := transport.NewSSE(base + "/mcp")
	if err != nil {
		t.Fatal(err)
	}
	old := client.NewClient(wire)
	if err := old.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	progress := make(chan string, 8)
	old.OnNotification(func(n mcp.JSONRPCNotification) { progress <- n.Method })
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = "2024-11-05"
	welcome, err := old.Initialize(t.Context(), hello)
	if err != nil || welcome.ProtocolVersion != "2024-11-05" || welcome.ServerInfo.Name != "legacy" {
		t.Fatalf("welcome: %+v, %v", welcome, err)
	}
	list, err := old.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil || len(list.Tools) != len(tools()) || list.Tools[0].Title != "" {
		t.Errorf("list: %+v, %v", list, err)
	}
	if said := text(callTool(t, old, "search", map[string]any{"query": "badgers"})); said != "3 pages about badgers" {
		t.Errorf("search says %q", said)
	}
	if result := callTool(t, old, "echo", map[string]any{"a": 1}); text(result) != `{"a":1}` || result.StructuredContent != nil {
		t.Errorf("echo: %+v", result)
	}
	if _, err := old.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "refuse"}}); err == nil || !strings.Contains(err.Error(), "the server refuses") {
		t.Errorf("refuse: %v", err)
	}
	counting := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "count", Arguments: map[string]any{"to": 2}, Meta: &mcp.Meta{ProgressToken: "p"}}}
	if _, err := old.CallTool(t.Context(), counting); err != nil {
		t.Errorf("count: %v", err)
	}
	for range 2 {
		if m := <-progress; m != "notifications/progress" {
			t.Errorf("heard %s", m)
		}
	}
}

// raw is a client of the old transport that hides nothing.
type raw struct {
	t        *testing.T
	base     string
	events   *bufio.Scanner
	endpoint string
	hangUp   context.CancelFunc
}

func listenLegacy(t *testing.T, base string) *raw {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/mcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = response.Body.Close() })
	r := &raw{t: t, base: base, events: bufio.NewScanner(response.Body), hangUp: cancel}
	kind, where := r.next()
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" || kind != "endpoint" || !strings.HasPrefix(where, "/") {
		t.Fatalf("%d %s %q", response.StatusCode, kind, where)
	}
	r.endpoint = where
	return r
}

// next is the next event.
func (r *raw) next() (kind, data string) {
	for r.events.Scan() && r.events.Text() != "" {
		name, value, _ := strings.Cut(r.events.Text(), ": ")
		switch name {
		case "event":
			kind = value
		case "data":
			data = value
		}
	}
	return kind, data
}

// ask posts a message and wants its answer on the stream.
func (r *raw) ask(body, want string) {
	r.t.Helper()
	r.tell(body, http.StatusAccepted)
	kind, got := r.next()
	var x, y any
	if json.Unmarshal([]byte(got), &x) != nil || json.Unmarshal([]byte(want), &y) != nil || kind != "message" {
		r.t.Fatalf("%s: %s %q", body, kind, got)
	}
	if diff := cmp.Diff(y, x); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", body, diff)
	}
}

func (r *raw) tell(body string, status int) {
	r.t.Helper()
	a := send(r.t, http.MethodPost, r.base+r.endpoint, header{"Content-Type": "application/json"}, body)
	if a.status != status || status == http.StatusAccepted && a.body != "" {
		r.t.Errorf("%s: %d %s", body, a.status, a.body)
	}
}

func TestLegacySSEOnTheWire(t *testing.T) {
	_, base := legacy(t, upstream.LegacySSEConfig{Name: "attic"})
	r := listenLegacy(t, base)
	r.ask(`{"jsonrpc":"2.0","id":"p","method":"ping"}`, `{"jsonrpc":"2.0","id":"p","result":{}}`)
	r.ask(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"the session is not initialized yet"}}`)
	r.ask(initialize, `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2024-11-05","capabilities":{"tools":{}},"serverInfo":{"name":"attic","version":"1.0.0"}}}`)
	r.tell(`{"jsonrpc":"2.0","method":"notifications/initialized"}`, http.StatusAccepted)
	r.ask(`{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"whoami"}}`,
		`{"jsonrpc":"2.0","id":9007199254740993,"result":{"content":[{"type":"text","text":"nobody"}]}}`)
	r.ask(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"nothing"}}`,
		`{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"there is no such tool"}}`)
	r.ask(`{"jsonrpc":"2.0","id":3,"method":"server/discover"}`,
		`{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"this method is not served here"}}`)
	r.tell(`{"jsonrpc":"2.0","id":3}`, http.StatusBadRequest)
	r.tell(`[]`, http.StatusBadRequest)
	r.hangUp()
	for r.events.Scan() { // to the end
	}
}

func TestLegacySSERefusals(t *testing.T) {
	_, base := legacy(t, upstream.LegacySSEConfig{})
	r := listenLegacy(t, base)
	listening, message := header{"Accept": "text/event-stream"}, header{"Content-Type": "application/json"}
	for name, c := range map[string]struct {
		method, path string
		header       header
		status       int
	}{
		"streamable HTTP":      {http.MethodPost, "/mcp", plain, 405},
		"end of a session":     {http.MethodDelete, "/mcp", nil, 405},
		"no stream wanted":     {http.MethodGet, "/mcp", nil, 406},
		"elsewhere":            {http.MethodGet, "/", listening, 404},
		"with a credential":    {http.MethodGet, "/mcp", listening.and(header{"Authorization": "Bearer x"}), 400},
		"of another origin":    {http.MethodGet, "/mcp", listening.and(header{"Origin": "https://evil.example"}), 403},
		"GET of the endpoint":  {http.MethodGet, r.endpoint, listening, 405},
		"no JSON":              {http.MethodPost, r.endpoint, header{"Content-Type": "text/plain"}, 415},
		"post of evil":         {http.MethodPost, r.endpoint, message.and(header{"Origin": "https://evil.example"}), 403},
		"post of a credential": {http.MethodPost, r.endpoint, message.and(header{"Cookie": "a=b"}), 400},
		"no stream":            {http.MethodPost, "/messages", message, 404},
		"invented stream":      {http.MethodPost, "/messages?session=x", message, 404},
	} {
		if a := send(t, c.method, base+c.path, c.header, ping); a.status != c.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for name, c := range map[string]upstream.LegacySSEConfig{
		"path":        {Path: "sse"},
		"taken path":  {Path: "/messages"},
		"same name":   {Tools: []upstream.Tool{tools()[1], tools()[1]}},
		"no behavior": {Tools: []upstream.Tool{{Name: "x"}}},
	} {
		if _, err := upstream.NewLegacySSE(c); !errors.Is(err, upstream.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLegacySSECut: a stream that ends, by either side, ends the calls on it and
// leaves nothing behind; a goroutine that stays would make the bubble panic.
func TestLegacySSECut(t *testing.T) {
	for _, by := range []string{"server", "client"} {
		t.Run(by, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := upstream.NewLegacySSE(upstream.LegacySSEConfig{Tools: tools()})
				if err != nil {
					t.Fatal(err)
				}
				served := make(chan time.Time, 1)
				over, stop := inMemory(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s.ServeHTTP(w, r)
					if r.Method == http.MethodGet {
						served <- time.Now()
					}
				}))
				defer stop()
				began := time.Now()
				response := slowLegacy(t, over)
				time.Sleep(time.Minute)
				if by == "server" {
					_ = s.Close()
					if b, err := io.ReadAll(response.Body); err != nil || len(b) > 0 {
						t.Errorf("stream: %q, %v", b, err)
					}
				}
				_ = response.Body.Close()
				if ended := <-served; ended.Sub(began) != time.Minute {
					t.Errorf("served for %v", ended.Sub(began))
				}
				_ = s.Close()
			})
		})
	}
}

// slowLegacy opens a stream and makes a call on it that takes an hour.
func slowLegacy(t *testing.T, over *http.Client) *http.Response {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://attic.example/mcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := over.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	where := data(t, response)
	for _, body := range []string{
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		callBody("1", "slow", `{"ms":3600000}`, ""),
	} {
		posted, err := over.Post("http://attic.example"+where, "application/json", strings.NewReader(body))
		if err != nil || posted.StatusCode != http.StatusAccepted {
			t.Fatalf("post: %v, %v", posted, err)
		}
		_ = posted.Body.Close()
	}
	return response
}
