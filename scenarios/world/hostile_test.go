package world_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// A portal under test may be hostile: whatever it answers, the harness reads a
// bounded part of it, in bounded time, and stays where it is.

func TestMain(m *testing.M) {
	if err := inprocess.Warm(); err != nil {
		panic(err)
	}
	m.Run()
}

// meets puts alice before a portal whose front door answers as the function does.
func meets(t *testing.T, door http.HandlerFunc, act func(*world.World, *world.Person)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		place, err := fixtures.LoadWorld("everyday")
		if err != nil {
			t.Fatal(err)
		}
		hostile := inprocess.Memory{Tampering: inprocess.Tampering{Access: func(http.Handler) http.Handler { return door }}}
		w, err := world.Open(hostile, place, "2025-11-25")
		if err != nil {
			t.Fatal(err)
		}
		defer time.Sleep(time.Second)
		defer w.Close()
		act(w, w.Person("alice"))
	})
}

// sent counts what a handler was able to send, in bytes.
type sent struct {
	http.ResponseWriter
	count *atomic.Int64
}

func (s sent) Write(b []byte) (int, error) {
	n, err := s.ResponseWriter.Write(b)
	s.count.Add(int64(n))
	return n, err
}

func TestAnAnswerOfTenGigabytesIsCutOff(t *testing.T) {
	const ten, most = 10 << 30, 256 << 20
	for _, kind := range []string{"application/json", "text/event-stream", "text/html"} {
		var count atomic.Int64
		door := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.CopyN(sent{w, &count}, endless(' '), ten)
		}
		meets(t, door, func(_ *world.World, alice *world.Person) {
			if _, err := alice.TryConnect(); err == nil {
				t.Errorf("%s: got in", kind)
			}
			if reply := alice.Knock("GET", nil, ""); len(reply.Body) > 16<<20 {
				t.Errorf("%s: read %d bytes of a page", kind, len(reply.Body))
			}
		})
		if n := count.Load(); n == 0 || n > most {
			t.Errorf("%s: took %d bytes of the answer, want some and at most %d", kind, n, most)
		}
	}
	if kept := heap(); kept > most {
		t.Errorf("%d bytes are kept", kept)
	}
}

// A compressed answer is no way around the bound: it is counted as it unfolds.
func TestACompressionBombIsCutOff(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(z, endless(' '), 1<<30); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	door := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	}
	meets(t, door, func(_ *world.World, alice *world.Person) {
		if reply := alice.Knock("GET", nil, ""); len(reply.Body) > 16<<20 {
			t.Errorf("unfolded %d bytes", len(reply.Body))
		}
		if _, err := alice.TryConnect(); err == nil {
			t.Error("got in")
		}
	})
}

func TestAnAnswerThatNeverEndsEnds(t *testing.T) {
	for _, path := range []string{"/mcp", "/.well-known/"} {
		door := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if !strings.HasPrefix(r.URL.Path, path) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			for r.Context().Err() == nil { // a byte a second
				_, _ = w.Write([]byte(" "))
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Second)
			}
		}
		meets(t, door, func(_ *world.World, alice *world.Person) {
			began := time.Now()
			_, err := alice.TryConnect()
			if took := time.Since(began); err == nil || took > 10*time.Minute {
				t.Errorf("%s: %v after %s", path, err, took)
			}
		})
	}
}

func TestRedirectsOfAPortalAreNotFollowed(t *testing.T) {
	door := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://trap.example"+r.URL.Path, http.StatusTemporaryRedirect)
	}
	meets(t, door, func(w *world.World, alice *world.Person) {
		trap := w.Trap("trap")
		_, err := alice.TryConnect()
		reply := alice.Knock("POST", nil, "{}")
		if err == nil || reply.Status != http.StatusTemporaryRedirect {
			t.Errorf("connecting: %v; a raw request: %d", err, reply.Status)
		}
		if n := len(trap.Heard().Exchanges); n > 0 {
			t.Errorf("the trap heard %d requests", n)
		}
	})
}

// A million redirects of a browser end after a few.
func TestABrowserDoesNotRunInCircles(t *testing.T) {
	var heard atomic.Int64
	door := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, fmt.Sprintf("/again/%d", heard.Add(1)), http.StatusFound)
	}
	meets(t, door, func(w *world.World, alice *world.Person) {
		failed(func() { alice.Visit("/") })
	})
	if n := heard.Load(); n == 0 || n > 100 {
		t.Errorf("%d requests, want some and at most 100", n)
	}
}

// failed runs what ends a story, outside of one.
func failed(act func()) {
	defer func() { _ = recover() }()
	act()
}

// Metadata that names another host leads nowhere on a network that has a border:
// what was tried is in the record, and nobody was dialled.
func TestMetadataCannotLeadBeyondTheTown(t *testing.T) {
	border := network.Loopback(network.LoopbackConfig{Reach: func(string) bool { return false }})
	defer border.Close()
	host, err := border.Host("alice", trace.Client, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"http://169.254.169.254/latest", "https://third.example/", "http://127.0.0.1:22/", "http://[::1]:80/", "http://localhost:5432/"} {
		_, err := host.Client().Get(address)
		if !errors.Is(err, network.ErrBeyond) {
			t.Errorf("%s: %v, want %v", address, err, network.ErrBeyond)
		}
	}
	for _, e := range border.Trace().Exchanges {
		if e.Failure == "" || e.Response != nil {
			t.Errorf("%s was answered", e)
		}
	}
}

// endless is a reader of one byte, again and again.
type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

// heap is what is in use after all garbage is gone, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
