package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/simulators/upstream"
)

func TestDead(t *testing.T) {
	_, base := start(t, upstream.Config{Fault: upstream.Dead})
	response, err := http.Post(base+"/mcp", "application/json", strings.NewReader(initialize))
	if err == nil {
		_ = response.Body.Close()
		t.Errorf("an answer: %s", response.Status)
	}
}

func TestFailing(t *testing.T) {
	_, base := start(t, upstream.Config{Fault: upstream.Failing(http.StatusServiceUnavailable)})
	if a := post(t, base, plain, initialize); a.status != http.StatusServiceUnavailable || strings.Contains(a.body, "jsonrpc") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestHangs(t *testing.T) {
	s, base := start(t, upstream.Config{Fault: upstream.Hangs})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/mcp", strings.NewReader(initialize))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(request); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	ended := make(chan error, 1)
	go func() {
		response, err := http.Post(base+"/mcp", "application/json", strings.NewReader(initialize))
		if err == nil {
			_ = response.Body.Close()
		}
		ended <- err
	}()
	time.Sleep(20 * time.Millisecond)
	_ = s.Close()
	if err := <-ended; err == nil {
		t.Error("a closed server answered")
	}
}

func TestLosesSession(t *testing.T) {
	_, base := start(t, upstream.Config{Fault: upstream.LosesSession(3)})
	lost := open(t, base, nil) // the first use
	for i, want := range []int{200, 404, 404} {
		if a := post(t, base, lost, ping); a.status != want {
			t.Errorf("ping %d: %d, want %d", i+1, a.status, want)
		}
	}
	kept := open(t, base, nil)
	for range 4 {
		if a := post(t, base, kept, ping); a.status != http.StatusOK {
			t.Errorf("the session after: %d %s", a.status, a.body)
		}
	}
	if a := post(t, base, lost, ping); a.status != http.StatusNotFound {
		t.Errorf("the lost session lives again: %d", a.status)
	}
}

// TestClose: what is under way ends, without an answer that would be a lie.
func TestClose(t *testing.T) {
	for name, body := range map[string]string{
		stateful:  callBody("1", "slow", `{"ms":60000}`, ""),
		stateless: callBody("1", "slow", `{"ms":60000}`, ","+meta),
	} {
		s, base := start(t, upstream.Config{Tools: tools()})
		h := open(t, base, nil)
		if name == stateless {
			h = modern("tools/call", "slow")
		}
		ended := make(chan error, 1)
		go func() {
			request, err := http.NewRequest(http.MethodPost, base+"/mcp", strings.NewReader(body))
			if err != nil {
				ended <- nil
				return
			}
			for n, v := range h {
				request.Header.Set(n, v)
			}
			response, err := http.DefaultClient.Do(request)
			if err == nil {
				_ = response.Body.Close()
			}
			ended <- err
		}()
		time.Sleep(20 * time.Millisecond)
		_ = s.Close()
		if err := <-ended; err == nil {
			t.Errorf("%s: answered", name)
		}
	}
}

func TestOn(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools(), Fault: upstream.On("ping", 1, upstream.Failing(http.StatusBadGateway))})
	session := open(t, base, nil)
	for i, want := range []int{200, 502, 502} {
		if a := post(t, base, session, ping); a.status != want {
			t.Errorf("ping %d: %d, want %d", i+1, a.status, want)
		}
	}
	if a := post(t, base, session, `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`); a.status != http.StatusOK {
		t.Errorf("another method: %d %s", a.status, a.body)
	}
}
