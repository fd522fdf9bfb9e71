package client_test

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

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/client"
)

// pipes is a listener without a system underneath.
type pipes struct {
	calls chan net.Conn
	once  sync.Once
	shut  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.shut:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.shut) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.calls <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inMemory serves a handler under every name and returns a client that dials
// it; https is taken for granted. Both end with the bubble's test.
func inMemory(t *testing.T, h http.Handler) *http.Client {
	t.Helper()
	p := &pipes{calls: make(chan net.Conn), shut: make(chan struct{})}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(p) }()
	transport := &http.Transport{DialContext: p.dial, DialTLSContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return &http.Client{Transport: transport}
}

// Virtual time: tokens expire, and the refresh token outlives them.
func TestADayInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown("http://127.0.0.1:8080")
		dial := inMemory(t, w)
		alice := w.alice(func(c *client.Config) {
			c.HTTP, c.Browser = dial, client.NewBrowser(dial, client.Login{Username: "alice", Password: password})
		})
		s, err := alice.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(alice.Credentials().Expiry); left != 15*time.Minute {
			t.Errorf("the token is good for %v", left)
		}
		for range 24 {
			time.Sleep(time.Hour)
			w.expire()
			if _, err := s.Call(t.Context(), "search", nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := alice.Credentials().AccessToken; got != "access-25" {
			t.Errorf("ends with %q", got)
		}
		if left := time.Until(alice.Credentials().Expiry); left != 15*time.Minute {
			t.Errorf("the last token is good for %v", left)
		}
	})
}

// In the clear, and not on this machine, nothing is a secret.
func TestSecureCookiesInTheClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{pages: map[string]http.HandlerFunc{
			"/set": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Add("Set-Cookie", "safe=1; Secure; Path=/")
				w.Header().Add("Set-Cookie", "plain=1; Path=/")
				page(w, 200, "Set", "")
			},
			"/show": show(""),
		}}
		b := client.NewBrowser(inMemory(t, s), client.Login{})
		for _, place := range []string{
			"http://a.example/set", "http://a.example/show", "https://a.example/show", "http://b.example/show",
			"https://a.example/set", "https://a.example/show", "http://a.example/show",
		} {
			if _, err := b.Get(t.Context(), place); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, e := range s.at("/show") {
			got = append(got, e.header.Get("Cookie"))
		}
		if diff := cmp.Diff([]string{"plain=1", "plain=1", "", "plain=1; safe=1", "plain=1"}, got); diff != "" {
			t.Errorf("cookies (-want +got):\n%s", diff)
		}
	})
}

// A refusal that arrives when the token was renewed already renews nothing.
func TestALateRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown("http://127.0.0.1:8080")
		dial := inMemory(t, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Mcp-Name") == "slow" && r.Header.Get("Authorization") == "Bearer access-1" {
				time.Sleep(time.Second)
			}
			w.ServeHTTP(out, r)
		}))
		alice := w.alice(func(c *client.Config) {
			c.HTTP, c.Browser = dial, client.NewBrowser(dial, client.Login{Username: "alice", Password: password})
		})
		s, err := alice.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.expire()
		var slow sync.WaitGroup
		slow.Go(func() {
			if _, err := s.Call(t.Context(), "slow", nil); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if _, err := s.Call(t.Context(), "quick", nil); err != nil {
			t.Error(err)
		}
		slow.Wait()
		if n := len(w.at("/token")); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

// hold answers a call with the beginning of a stream and keeps it open until
// the client leaves.
func hold(documents ...string) func(http.ResponseWriter, *http.Request, seen) {
	return func(w http.ResponseWriter, r *http.Request, s seen) {
		stream(documents...)(w, s)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// holding is a peer that holds calls.
type holding struct {
	peer
	hold func(http.ResponseWriter, *http.Request, seen)
}

func (h *holding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := read(r)
	if s.method == "tools/call" {
		h.note(s)
		h.hold(w, r, s)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(s.body))
	h.peer.ServeHTTP(w, r)
}

func TestAStreamLeftOpenAfterTheResponse(t *testing.T) {
	for revision, good := range map[string]string{client.Stateful: good2025, client.Stateless: good2026} {
		synctest.Test(t, func(t *testing.T) {
			h := &holding{hold: hold(response(good))}
			s := inBubble(t, h, client.Config{Revision: revision})
			began := time.Now()
			result, err := s.Call(t.Context(), "search", nil)
			if err != nil || result.Text() != "hello" {
				t.Fatalf("got %v, %v", result, err)
			}
			if waited := time.Since(began); waited != time.Second {
				t.Errorf("waited %v for the end of the stream", waited)
			}
			if len(h.asked("notifications/cancelled")) != 0 {
				t.Error("a call that was answered is cancelled")
			}
		})
	}
}

// Giving up is told to a stateful server, and seen by a stateless one.
func TestGivingUp(t *testing.T) {
	for _, test := range []struct {
		name     string
		revision string
		patience time.Duration // of the caller; 0: the client's own
		want     time.Duration
		told     int
	}{
		{"the caller, of a session", client.Stateful, time.Second, time.Second, 1},
		{"the client, of a session", client.Stateful, 0, 2 * time.Minute, 1},
		{"the caller", client.Stateless, time.Second, time.Second, 0},
		{"the client", client.Stateless, 0, 2 * time.Minute, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &holding{hold: hold()}
				s := inBubble(t, h, client.Config{Revision: test.revision})
				ctx, cancel := t.Context(), func() {}
				if test.patience > 0 {
					ctx, cancel = context.WithTimeout(ctx, test.patience)
				}
				defer cancel()
				began := time.Now()
				_, err := s.Call(ctx, "search", nil)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != test.want {
					t.Errorf("got %v after %v", err, time.Since(began))
				}
				told := h.asked("notifications/cancelled")
				if len(told) != test.told {
					t.Fatalf("cancelled %d times, want %d", len(told), test.told)
				}
				if test.told > 0 && string(told[0].params["requestId"]) != string(h.asked("tools/call")[0].id) {
					t.Errorf("cancelled request %s", told[0].params["requestId"])
				}
			})
		})
	}
}

func TestAStreamThatBreaksOff(t *testing.T) {
	s := mustConnect(t, &peer{answers: map[string]answer{"tools/call": stream()}}, client.Stateless)
	if _, err := s.Call(t.Context(), "search", nil); err == nil {
		t.Error("a stream without a response is a response")
	}
}

func inBubble(t *testing.T, h http.Handler, config client.Config) *client.Session {
	t.Helper()
	config.Endpoint, config.HTTP = "http://peer.example/mcp", inMemory(t, h)
	s, err := client.New(config).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
