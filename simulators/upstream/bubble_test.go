package upstream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/portico-mcp/portico/simulators/upstream"
)

// memory is a listener without a network.
type memory struct {
	arriving chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func newMemory() *memory {
	return &memory{arriving: make(chan net.Conn), closed: make(chan struct{})}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.arriving:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error { m.once.Do(func() { close(m.closed) }); return nil }

func (m *memory) Addr() net.Addr { return &net.IPAddr{} }

func (m *memory) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.arriving <- far:
		return near, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// inMemory serves a handler inside a bubble; stop ends everything.
func inMemory(h http.Handler) (over *http.Client, stop func()) {
	listener := newMemory()
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(listener) }()
	wire := &http.Transport{DialContext: listener.dial}
	return &http.Client{Transport: wire}, func() {
		wire.CloseIdleConnections()
		_ = server.Close()
	}
}

// TestBubble: server and client work in virtual time and end cleanly; a
// goroutine that stays would make the bubble panic.
func TestBubble(t *testing.T) {
	for _, revision := range []string{stateful, stateless} {
		t.Run(revision, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { liveAndDie(t, revision) })
		})
	}
}

func liveAndDie(t *testing.T, revision string) {
	s, err := upstream.New(upstream.Config{Name: "wiki", Tools: tools()})
	if err != nil {
		t.Fatal(err)
	}
	over, stop := inMemory(s)
	t.Cleanup(stop) // after the client's own end
	t.Cleanup(func() { _ = s.Close() })
	wiki := connect(t, "http://wiki.example", revision, over)
	began := time.Now()
	if said := text(callTool(t, wiki, "slow", map[string]any{"ms": 3_600_000})); said != "waited 3600000 ms" {
		t.Errorf("slow says %q", said)
	}
	if passed := time.Since(began); passed != time.Hour {
		t.Errorf("%v passed", passed)
	}
	callTool(t, wiki, "count", map[string]any{"to": 50})
	if revision == stateless {
		go func() { _ = wiki.Listen(t.Context(), mcp.SubscriptionFilter{ToolsListChanged: true}) }()
		synctest.Wait()
	}
}

// TestBubbleCut: a server that is closed under a call and under a stream leaves
// nothing behind either.
func TestBubbleCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := upstream.New(upstream.Config{Tools: tools()})
		if err != nil {
			t.Fatal(err)
		}
		over, stop := inMemory(s)
		defer stop()
		ended := make(chan error, 1)
		go func() { ended <- cut(t, over) }()
		time.Sleep(time.Minute)
		_ = s.Close()
		if err := <-ended; err == nil {
			t.Error("the call was answered")
		}
	})
}

// cut makes a call that takes an hour.
func cut(t *testing.T, over *http.Client) error {
	body := callBody("1", "slow", `{"ms":3600000}`, ","+meta)
	request, err := http.NewRequest(http.MethodPost, "http://wiki.example/mcp", strings.NewReader(body))
	if err != nil {
		return nil
	}
	for name, value := range modern("tools/call", "slow") {
		request.Header.Set(name, value)
	}
	response, err := over.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err == nil && len(b) == 0 {
		return errors.New("empty")
	}
	return err
}

// TestBubbleDisconnect: a client that leaves cancels its call in 2026-07-28,
// and does not in 2025-11-25.
func TestBubbleDisconnect(t *testing.T) {
	for revision, want := range map[string]time.Duration{stateful: time.Hour, stateless: time.Minute} {
		t.Run(revision, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := upstream.New(upstream.Config{Name: "wiki", Tools: tools()})
				if err != nil {
					t.Fatal(err)
				}
				var worked time.Duration
				over, stop := inMemory(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					began := time.Now()
					defer func() { worked = max(worked, time.Since(began)) }()
					s.ServeHTTP(w, r)
				}))
				defer stop()
				wiki := connect(t, "http://wiki.example", revision, over)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if _, err := wiki.CallTool(ctx, slowCall()); err == nil {
					t.Error("answered")
				}
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				_ = wiki.Close()
				if worked != want {
					t.Errorf("worked for %v, want %v", worked, want)
				}
			})
		})
	}
}

// slowCall is a call that takes an hour.
func slowCall() mcp.CallToolRequest {
	return mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "slow", Arguments: map[string]any{"ms": 3_600_000}}}
}
