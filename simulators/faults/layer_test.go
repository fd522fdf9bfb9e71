package faults_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/trace"
)

const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

// well answers everything and counts what it has seen.
type well struct{ seen atomic.Int64 }

func (h *well) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.seen.Add(1)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"got":` + string(body) + `}`))
}

// behind serves a party of the role behind a layer with these faults.
func behind(t *testing.T, role trace.Role, set ...faults.Fault) (*faults.Layer, *well, string) {
	t.Helper()
	l, h := faults.NewLayer(role), &well{}
	for _, f := range set {
		if _, err := l.Set(f); err != nil {
			t.Fatal(err)
		}
	}
	s := httptest.NewServer(l.Before(h))
	t.Cleanup(s.Close)
	t.Cleanup(func() { l.Clear("") }) // what is held would hold the server
	return l, h, s.URL
}

// ask posts a body; status 0: there was no answer, or not all of it.
func ask(t *testing.T, url, kind, body string, header ...string) (status int, said string, h http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error(), nil
	}
	return res.StatusCode, string(b), res.Header
}

// Every kind of the registry strikes as its sentence says, and one that has no
// case here fails the test.
func TestEveryKindStrikes(t *testing.T) {
	const jsonKind, formKind = "application/json", "application/x-www-form-urlencoded"
	cases := map[string]struct {
		role                   trace.Role
		path, kind, body, want string
		header                 []string
		status                 int
		passes                 bool // the party has seen the request
	}{
		"fail":           {role: trace.Gateway, kind: jsonKind, status: 500, want: "Internal Server Error"},
		"slow":           {role: trace.Upstream, path: "/mcp", kind: jsonKind, status: 0},
		"drop":           {role: trace.Upstream, path: "/mcp", kind: jsonKind, status: 0},
		"hang":           {role: trace.IdentityProvider, kind: jsonKind, status: 0},
		"cut":            {role: trace.Upstream, path: "/mcp", kind: jsonKind, status: 0, passes: true},
		"garble":         {role: trace.Upstream, path: "/mcp", kind: jsonKind, status: 200, want: "<title>"},
		"empty":          {role: trace.Upstream, path: "/mcp", kind: jsonKind, status: 200, want: "{}"},
		"refuse":         {role: trace.Upstream, path: "/mcp", kind: jsonKind, status: 200, want: `"id":1,"error":{"code":-32603`},
		"lose-session":   {role: trace.Upstream, path: "/mcp", kind: jsonKind, status: 404, want: "no such session", header: []string{"Mcp-Session-Id", "s"}},
		"refuse-refresh": {role: trace.AuthorizationServer, path: "/token", kind: formKind, body: "grant_type=refresh_token", status: 400, want: "invalid_grant"},
	}
	for _, k := range faults.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			c, ok := cases[k.Name]
			if !ok {
				t.Fatal("this test has no case for it")
			}
			if c.body == "" {
				c.body = ping
			}
			l, h, url := behind(t, c.role, faults.Fault{Kind: k.Name, Times: 1})
			status, said, _ := ask(t, url+c.path, c.kind, c.body, c.header...)
			if status != c.status || c.status != 0 && !strings.Contains(said, c.want) {
				t.Errorf("struck: %d %s", status, said)
			}
			if got := h.seen.Load() > 0; got != c.passes {
				t.Errorf("the party has seen it: %v", got)
			}
			if left := l.List(); len(left) != 0 {
				t.Errorf("still set: %v", left)
			}
			if status, said, _ := ask(t, url+c.path, c.kind, ping, c.header...); status != 200 || said != `{"got":`+ping+`}` {
				t.Errorf("afterwards: %d %s", status, said)
			}
		})
	}
}

// A fault strikes where it is told to, after those it spares, as often as it
// is told to, and nobody else.
func TestAFaultStrikesWhatItIsTold(t *testing.T) {
	_, h, url := behind(t, trace.Upstream, faults.Fault{Kind: "fail", Status: 401, On: "ping", Spares: 1, Times: 2})
	for i, want := range []int{200, 401, 401, 200} {
		if status, _, header := ask(t, url+"/mcp", "application/json", ping); status != want || want == 401 && !strings.Contains(header.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("ping %d: %d, want %d", i+1, status, want)
		}
		if status, _, _ := ask(t, url+"/mcp", "application/json", `{"method":"tools/list"}`); status != 200 {
			t.Errorf("another method: %d", status)
		}
	}
	if n := h.seen.Load(); n != 6 {
		t.Errorf("the party has seen %d", n)
	}
	_, _, url = behind(t, trace.Upstream, faults.Fault{Kind: "drop"})
	if status, _, _ := ask(t, url+"/.well-known/oauth-protected-resource", "application/json", ping); status != 200 {
		t.Errorf("what is no MCP endpoint: %d", status)
	}
}

// A chance is a chance, and the same one for the same seed.
func TestEqualSeedsStrikeTheSame(t *testing.T) {
	strikes := func(seed uint64) string {
		_, _, url := behind(t, trace.Upstream, faults.Fault{Kind: "fail", Chance: 0.5, Seed: seed})
		var all strings.Builder
		for range 32 {
			status, _, _ := ask(t, url+"/mcp", "application/json", ping)
			all.WriteByte("+-"[status/500])
		}
		return all.String()
	}
	first := strikes(7)
	if strikes(7) != first || strikes(8) == first || strings.Count(first, "-") < 4 || strings.Count(first, "+") < 4 {
		t.Errorf("struck %s", first)
	}
}

// Of a hundred at once exactly so many are struck.
func TestTimesAreExact(t *testing.T) {
	_, _, url := behind(t, trace.Upstream, faults.Fault{Kind: "fail", Times: 10})
	var struck atomic.Int64
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			res, err := http.Post(url+"/mcp", "application/json", strings.NewReader(ping))
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			if res.StatusCode == http.StatusInternalServerError {
				struck.Add(1)
			}
		})
	}
	all.Wait()
	if struck.Load() != 10 {
		t.Errorf("%d were struck", struck.Load())
	}
}

// Slow, and then a failure: the wait comes first, and clearing lets go.
func TestClearLetsGo(t *testing.T) {
	l, h, url := behind(t, trace.Upstream, faults.Fault{Kind: "slow", Delay: faults.Duration(time.Hour)}, faults.Fault{Kind: "fail"})
	ended := make(chan error, 1)
	go func() {
		res, err := http.Post(url+"/mcp", "application/json", strings.NewReader(ping))
		if err == nil {
			_ = res.Body.Close()
		}
		ended <- err
	}()
	for l.List()[0].Struck == 0 {
		time.Sleep(time.Millisecond)
	}
	if n := l.Clear("hang"); n != 0 {
		t.Errorf("%d faults of a kind that is not set", n)
	}
	if err := <-ended; err == nil || h.seen.Load() != 0 {
		t.Errorf("answered: %v", err)
	}
	if n := l.Clear(""); n != 2 {
		t.Errorf("%d faults ended", n)
	}
}

// What cannot be is refused in words, and nothing is set.
func TestImpossibleFaults(t *testing.T) {
	for _, f := range []faults.Fault{
		{Kind: "fail", Status: 200}, {Kind: "drop", Status: 500}, {Kind: "fail", Delay: 1}, {Kind: "slow", Delay: faults.Duration(2 * time.Hour)},
		{Kind: "fail", Times: -1}, {Kind: "fail", Spares: -1}, {Kind: "fail", Chance: 2}, {Kind: "refuse-refresh"}, {Kind: "nothing"},
	} {
		l := faults.NewLayer(trace.Upstream)
		if _, err := l.Set(f); !errors.Is(err, faults.ErrImpossible) && !errors.Is(err, faults.ErrUnknown) {
			t.Errorf("%+v: %v", f, err)
		}
		if len(l.List()) != 0 {
			t.Errorf("%+v is set", f)
		}
	}
}
