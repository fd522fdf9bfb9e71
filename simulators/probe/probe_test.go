package probe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/probe"
	"github.com/portico-mcp/portico/simulators/upstream"
)

var silent = log.New(io.Discard, "", 0)

// late answers one method after a time, or when nobody waits any more.
func late(method string, after time.Duration) stranger {
	return stranger{instead: func(w http.ResponseWriter, r *http.Request, m asked) bool {
		if m.Method != method {
			return false
		}
		select {
		case <-time.After(after):
			return false
		case <-r.Context().Done():
			return true
		}
	}}
}

// clockFaults are servers that take their time; they are looked at in a bubble.
func clockFaults() map[string]fault {
	short := probe.Config{Limits: probe.Limits{Total: 5 * time.Second}}
	return map[string]fault{
		"soon enough":      {handler: late("tools/list", 2*time.Second)},
		"slow":             {handler: late("tools/list", 3*time.Second), want: []string{"list-slow"}},
		"slow prompts":     {handler: stranger{prompts: `{"name":"a"}`, instead: late("prompts/list", 3*time.Second).instead}, want: []string{"list-slow"}},
		"very slow":        {handler: late("tools/list", 11*time.Second), want: []string{"list-very-slow"}},
		"never":            {handler: late("tools/list", time.Hour), want: []string{"answer-missing", "list", "list-very-slow"}},
		"out of time":      {handler: late("tools/list", time.Hour), config: short, want: []string{"list", "list-slow", "out-of-time"}},
		"nothing is heard": {handler: stranger{instead: func(_ http.ResponseWriter, r *http.Request, _ asked) bool { <-r.Context().Done(); return true }}, want: []string{"no-answer"}},
	}
}

func TestTimeIsBounded(t *testing.T) {
	for name, f := range clockFaults() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				c := f.config
				c.URL, c.HTTP = "http://wiki.localhost/mcp", &http.Client{Transport: inMemory{f.handler, map[string]bool{}}}
				r, err := probe.Look(context.Background(), c)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(slices.Sorted(slices.Values(f.want)), rulesOf(r)); diff != "" {
					t.Errorf("findings (-want +got):\n%s\n%+v", diff, r.Findings)
				}
				if took := time.Since(begun); took > 32*time.Second {
					t.Errorf("the look took %s", took)
				}
			})
		})
	}
}

func TestSimulatedUpstreamsAreInOrder(t *testing.T) {
	t.Parallel()
	tools := []upstream.Tool{{Name: "search", Description: "finds pages", Does: upstream.DoesAnswer}}
	prompts := []upstream.Prompt{{Name: "letter", Description: "writes", Text: "write"}}
	list := json.RawMessage(`[` + tool + `]`)
	for _, revision := range []string{"", stateful, stateless} {
		t.Run("revision "+revision, func(t *testing.T) {
			t.Parallel()
			s, err := upstream.New(upstream.Config{Name: "wiki", Revision: revision, Tools: tools, Prompts: prompts})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			r := fault{handler: s, config: probe.Config{ID: "mine"}}.look(t)
			if r.Has(probe.Stop) || r.Has(probe.Warn) {
				t.Errorf("findings: %+v", r.Findings)
			}
			want := probe.Report{ID: "mine", Reachable: true, Transport: probe.StreamableHTTP, ServerName: "wiki", ServerVersion: "1.0.0",
				Auth: probe.Auth{Kind: probe.AuthNone}, Tools: 1, Prompts: 1}
			got := r
			got.URL, got.Findings, got.Passed, got.ListTook, got.Opening, got.Revisions, got.Negotiated = "", nil, nil, 0, "", nil, ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			if speaks := slices.Contains(r.Revisions, stateless); speaks != (revision != stateful) {
				t.Errorf("revisions: %v", r.Revisions)
			}
			if (r.Negotiated == stateful) != (revision != stateless) {
				t.Errorf("negotiated: %q", r.Negotiated)
			}
			if len(r.Passed) < 20 {
				t.Errorf("only %v were looked at", r.Passed)
			}
			raw := fault{handler: upstream.NewRaw(upstream.RawConfig{Revision: revision, Tools: list})}.look(t)
			if raw.Has(probe.Stop) || raw.Tools != 1 {
				t.Errorf("raw: %+v", raw)
			}
		})
	}
}

func TestSimulatedOAuthIsUnderstood(t *testing.T) {
	t.Parallel()
	var s *upstream.Server
	var as *upstream.AuthorizationServer
	asHost := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { as.ServeHTTP(w, r) }))
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	t.Cleanup(asHost.Close)
	t.Cleanup(host.Close)
	as, err := upstream.NewAuthorizationServer(upstream.AuthorizationServerConfig{Issuer: asHost.URL, Resource: host.URL + "/mcp"})
	if err != nil {
		t.Fatal(err)
	}
	s, err = upstream.New(upstream.Config{Guard: upstream.OAuth(as, host.URL+"/mcp")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	r, err := probe.Look(context.Background(), probe.Config{URL: host.URL + "/mcp"})
	if err != nil || r.Has(probe.Stop) || r.Has(probe.Warn) {
		t.Fatalf("%v, findings: %+v", err, r.Findings)
	}
	a := r.Auth
	if a.Kind != probe.AuthOAuth || a.AuthorizationServer != asHost.URL || a.Resource != host.URL+"/mcp" || !a.S256 || !a.Registration {
		t.Errorf("auth: %+v", a)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	nameless := &http.Client{Transport: failing{&net.DNSError{Err: "no such host", Name: "wki.example"}}}
	for _, c := range []struct {
		config probe.Config
		kind   error
		want   string
	}{
		{probe.Config{}, probe.ErrURL, "http://localhost:3000/mcp"},
		{probe.Config{URL: "localhost:3000"}, probe.ErrURL, "begins with neither"},
		{probe.Config{URL: "http:///mcp"}, probe.ErrURL, "names no host"},
		{probe.Config{URL: "http://alice:badgers@h.example/mcp"}, probe.ErrURL, "as a header"},
		{probe.Config{URL: "http://alice:badgers@h.example/%zz"}, probe.ErrURL, "cannot be read"},
		{probe.Config{URL: gone.URL}, probe.ErrUnreachable, "nothing listens at " + gone.Listener.Addr().String() + ": start the server"},
		{probe.Config{URL: "http://wki.example", HTTP: nameless}, probe.ErrUnreachable, "no host is called wki.example"},
		{probe.Config{URL: "http://x.example", HTTP: &http.Client{Transport: failing{errors.New("no way")}}}, probe.ErrUnreachable, "cannot be reached (no way)"},
	} {
		r, err := probe.Look(context.Background(), c.config)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "badgers") {
			t.Errorf("%q: %v", c.config.URL, err)
		}
		if r.Reachable {
			t.Errorf("%q is reachable", c.config.URL)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := probe.Look(ctx, probe.Config{URL: gone.URL}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

type failing struct{ err error }

// RoundTrip fails.
func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// TestSecretsStayOut: the server repeats every secret it can in all it says.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	const key, id = "key-of-alice-1234", "session-of-alice-1"
	s := stranger{revision: stateful, session: id, lax: "origin type accept lost unnamed", instead: on("tools/list", func(w http.ResponseWriter, r *http.Request, m asked) {
		echo := r.Header.Get("Authorization") + key + id
		result(w, m, `{"tools":[`+named(echo, strings.Repeat("y", 105)+echo)+`],"nextCursor":"`+echo+`"}`)
	})}
	host := httptest.NewServer(s)
	t.Cleanup(host.Close)
	r, err := probe.Look(context.Background(), probe.Config{ID: "mine", URL: host.URL + "/mcp?key=" + key + "&b=it's", Authorize: bearing(token)})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{key, "secret-of-alice", "Bearer sec", id} {
		if strings.Contains(text.String(), secret) || bytes.Contains(data, []byte(secret)) {
			t.Errorf("%q is printed:\n%s", secret, text.String())
		}
	}
	if strings.Contains(text.String(), "'Mcp-Session-Id: [secret]'") {
		t.Error("a session id stands where its variable should")
	}
	for _, want := range []string{`/mcp?key='"$KEY"'&b='"$B"`, `"Authorization: $AUTHORIZATION"`, `"Mcp-Session-Id: $MCP_SESSION_ID"`, "MCP_SESSION_ID is in the answer to: curl"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s is not printed:\n%s", want, text.String())
		}
	}
}

// TestStrangersAreNotFollowed: what a server names is not asked, unless it is
// its authorization server, and that not inside this network.
func TestStrangersAreNotFollowed(t *testing.T) {
	t.Parallel()
	for issuer, asked := range map[string]bool{"https://as.example": true, "https://10.0.0.1": false, "https://localhost": false, "http://as.example": false, "file:///etc": false} {
		l := login{`Bearer resource_metadata="http://attacker.example/x"`, `{"resource":"{base}/mcp","authorization_servers":["` + issuer + `"]}`, ""}
		m := inMemory{l.handler(), map[string]bool{}}
		r, err := probe.Look(context.Background(), probe.Config{URL: "http://wiki.example/mcp", HTTP: &http.Client{Transport: m}})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{"wiki.example": true}
		if asked {
			want["as.example"] = true
		}
		if diff := cmp.Diff(want, m.hosts); diff != "" {
			t.Errorf("%s: hosts (-want +got):\n%s", issuer, diff)
		}
		if !slices.Contains(rulesOf(r), "server-metadata") {
			t.Errorf("%s: %v", issuer, rulesOf(r))
		}
	}
}

func TestReportIsHarmlessOnATerminal(t *testing.T) {
	t.Parallel()
	evil := "a\x1b[2J\n✓ all is well\u202e\u0085" + strings.Repeat("z", 100_000)
	r := probe.Report{
		ID: evil, URL: evil, Reachable: true, Transport: probe.StreamableHTTP, ServerName: evil, Revisions: []string{evil},
		Findings: []probe.Finding{{Rule: evil, Level: probe.Stop, Sentence: evil, Why: evil, See: evil}},
	}
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n") {
		if strings.HasPrefix(line, "✓ all") || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) || len(line) > 20_000 {
			t.Errorf("%.80q", line)
		}
	}
	if err := r.Write(broke{}); err == nil {
		t.Error("a writer that fails is not told of")
	}
}

type broke struct{}

// Write fails.
func (broke) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestReportReads(t *testing.T) {
	t.Parallel()
	r := fault{handler: stranger{tools: named("a", "b.c"), prompts: `{"name":"p"}`}, config: probe.Config{ID: "mine"}}.look(t)
	r.ListTook = 12 * time.Millisecond
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text.String(), "\n")
	if want := "mine: wiki 1.2 at " + r.URL + ", Streamable HTTP, 2026-07-28 and 2025-11-25, 2 tools and 1 prompt (listed in 12ms), no sign-in"; lines[0] != want {
		t.Errorf("got  %s\nwant %s", lines[0], want)
	}
	for _, want := range []string{
		"✓ sessions: 3 rules hold", "! name-dot: tools: \"b.c\" has a dot", "    rule: A tool's name has no dot,", "    see:  curl -i 'http://127.0.0.1:",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in:\n%s", want, text.String())
		}
	}
}
