package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

const token = `{"name":"a","_meta":{"progressToken":"t"}}`

// progressing sends progress in the given rhythm, so often, and then answers.
func progressing(every time.Duration, times int) func(w http.ResponseWriter, r *http.Request, m message) {
	return func(w http.ResponseWriter, r *http.Request, m message) {
		meta, _ := rpc.Lookup(m.Params, "_meta")
		own, _ := rpc.Lookup(meta, "progressToken")
		send := events(w)
		for range times {
			select {
			case <-time.After(every):
				send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1}}`, own)
			case <-r.Context().Done():
				return
			}
		}
		send(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
	}
}

// silence never answers.
func silence(_ http.ResponseWriter, r *http.Request, _ message) { <-r.Context().Done() }

func TestTimeouts(t *testing.T) {
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request, message)
		after  time.Duration
		fails  bool
	}{
		{"no answer", silence, 10 * time.Second, true},
		{"headers and no answer", progressing(time.Hour, 1), 10 * time.Second, true},
		{"progress gives more time", progressing(9*time.Second, 3), 27 * time.Second, false},
		{"but not for ever", progressing(9*time.Second, 100), 40 * time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
				synctest.Test(t, func(t *testing.T) {
					p := around(tt.answer)
					c := open(t, inMemory(t, p, upstream.Config{Timeout: 10 * time.Second, MaxTimeout: 40 * time.Second}))
					began := time.Now()
					_, err := c.Do(t.Context(), call(c, token), nil)
					if errors.Is(err, context.DeadlineExceeded) != tt.fails || (err != nil) != tt.fails {
						t.Errorf("error %v", err)
					}
					if took := time.Since(began); took != tt.after {
						t.Errorf("took %v, want %v", took, tt.after)
					}
					wantCancelled := tt.fails && era == rpc.Stateful
					if got := len(p.got("notifications/cancelled")) == 1; got != wantCancelled {
						t.Errorf("sequence %s", p.sequence())
					}
				})
			})
		})
	}
}

func TestCancellationIsToldInTheMannerOfTheEra(t *testing.T) {
	sequences := map[rpc.Revision]string{
		rpc.Stateful:  handshake + " tools/call notifications/cancelled",
		rpc.Stateless: discover + " tools/call",
	}
	eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
		synctest.Test(t, func(t *testing.T) {
			var closed time.Time
			p := around(func(w http.ResponseWriter, r *http.Request, m message) {
				<-r.Context().Done()
				closed = time.Now()
			})
			c := open(t, inMemory(t, p, upstream.Config{}))
			gone := errors.New("client gone")
			ctx, cancel := context.WithCancelCause(t.Context())
			began := time.Now()
			time.AfterFunc(3*time.Second, func() { cancel(gone) })
			if _, err := c.Do(ctx, call(c, `{"name":"a"}`), nil); !errors.Is(err, gone) {
				t.Errorf("error %v", err)
			}
			synctest.Wait()
			if d := cmp.Diff(sequences[era], p.sequence()); d != "" {
				t.Error(d)
			}
			if after := closed.Sub(began); after != 3*time.Second {
				t.Errorf("stream closed after %v", after)
			}
			for _, m := range p.got("notifications/cancelled") {
				id, _ := rpc.Lookup(m.Params, "requestId")
				if string(id) != string(p.got("tools/call")[0].ID) {
					t.Errorf("cancelled %s", m.Params)
				}
			}
		})
	})
}

func TestAServerThatIgnoresTheCancellationIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := stateful(silence)
		rest := p.answer
		p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
			if m.Method == "notifications/cancelled" {
				<-r.Context().Done()
				return
			}
			rest(w, r, m)
		}
		c := open(t, inMemory(t, p, upstream.Config{Timeout: 10 * time.Second}))
		began := time.Now()
		if _, err := c.Do(t.Context(), call(c, `{"name":"a"}`), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took != 15*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestNothingIsSentForAContextThatEnded(t *testing.T) {
	p := stateful(nil)
	c := open(t, loopback(t, p))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Do(ctx, call(c, `{"name":"a"}`), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if d := cmp.Diff(handshake, p.sequence()); d != "" {
		t.Error(d)
	}
}

func TestTheHandshakeIsBoundedAndNeverCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{answer: func(w http.ResponseWriter, r *http.Request, m message) {
			if m.Method == "server/discover" {
				w.WriteHeader(404)
				return
			}
			<-r.Context().Done()
		}}
		s := inMemory(t, p, upstream.Config{Timeout: 10 * time.Second})
		if _, err := s.Open(t.Context(), nil, rpc.Caller{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if d := cmp.Diff("server/discover initialize", p.sequence()); d != "" {
			t.Error(d)
		}
	})
}

func TestAStreamThatStaysOpenDelaysTheAnswerBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := stateless(func(w http.ResponseWriter, r *http.Request, m message) {
			events(w)(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
			<-r.Context().Done()
		})
		c := open(t, inMemory(t, p, upstream.Config{}))
		began := time.Now()
		do(t, c, call(c, `{"name":"a"}`))
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// TestWaitersSurviveTheOneWhoOpens lets the caller who does the handshake for
// all give up halfway.
func TestWaitersSurviveTheOneWhoOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		newest := &session{}
		p := forgetful(newest)
		c := open(t, inMemory(t, p, upstream.Config{}))
		newest.begin()
		rest := p.answer
		p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
			if m.Method == "initialize" {
				time.Sleep(5 * time.Second)
			}
			rest(w, r, m)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		first := make(chan error, 1)
		go func() {
			_, err := c.Do(ctx, call(c, `{"name":"a"}`), nil)
			first <- err
		}()
		time.Sleep(time.Second)
		do(t, c, upstream.Call{Method: "tools/call", From: rpc.Stateful, Params: []byte(`{"name":"b"}`)})
		if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("first: %v", err)
		}
	})
}

func TestCloseDuringTheHandshakeEndsTheNewSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		newest := &session{}
		p := forgetful(newest)
		c := open(t, inMemory(t, p, upstream.Config{}))
		newest.begin()
		rest := p.answer
		p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
			if m.Method == "initialize" {
				time.Sleep(5 * time.Second)
			}
			rest(w, r, m)
		}
		time.AfterFunc(time.Second, func() { _ = c.Close(context.Background()) })
		if _, err := c.Do(t.Context(), call(c, `{"name":"a"}`), nil); !errors.Is(err, upstream.ErrClosed) {
			t.Errorf("error %v", err)
		}
		if !strings.HasSuffix(p.sequence(), "initialize notifications/initialized DELETE") {
			t.Errorf("sequence %s", p.sequence())
		}
	})
}
