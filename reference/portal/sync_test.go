package portal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

// run lets a portal run until the test ends.
func run(t *testing.T, p *portal.Portal) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	}()
	return func() { cancel(); <-done }
}

func TestEveryServerIsSynchronizedAtOnceAndEveryTwoHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		began := time.Now()
		times := map[string][]time.Duration{}
		turn := make(chan struct{}, 1)
		for _, id := range []string{"c", "a", "b"} {
			n.serve(id+".example", &peer{tools: tools("x"), does: map[string]func(http.ResponseWriter, *http.Request, call){
				"tools/list": func(w http.ResponseWriter, _ *http.Request, m call) {
					turn <- struct{}{}
					times[id] = append(times[id], time.Since(began))
					<-turn
					result(w, m, `{"tools":[],"resultType":"complete"}`)
				},
			}})
		}
		stop := run(t, standUp(t, n, nil, server("c"), server("a"), server("b")))
		time.Sleep(4*time.Hour + time.Minute)
		stop()

		ms := time.Millisecond
		want := map[string][]time.Duration{
			"a": {0, 2 * time.Hour, 4 * time.Hour},
			"b": {5 * ms, 2*time.Hour + 5*ms, 4*time.Hour + 5*ms},
			"c": {10 * ms, 2*time.Hour + 10*ms, 4*time.Hour + 10*ms},
		}
		if diff := cmp.Diff(want, times); diff != "" {
			t.Errorf("syncs (-want +got):\n%s", diff)
		}
	})
}

func TestASlowServerDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		n.serve("a.example", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		n.serve("b.example", &peer{tools: tools("x")})
		p := standUp(t, n, nil, server("a"), server("b"))
		stop := run(t, p)
		defer stop()
		time.Sleep(time.Second)
		a, _ := p.Status("a")
		b, _ := p.Status("b")
		if a.State != portal.Waiting || b.State != portal.Ready {
			t.Errorf("after a second a is %s and b %s", a.State, b.State)
		}
		time.Sleep(time.Minute)
		if a, _ = p.Status("a"); a.State != portal.Failed || !strings.Contains(a.Error, "in time") || a.ErrorDetails.IsUpstream || !a.ErrorDetails.Retryable {
			t.Errorf("after a minute a is %+v %+v", a, a.ErrorDetails)
		}
	})
}

func TestASyncReplacesTheCatalogueAndAFailureKeepsIt(t *testing.T) {
	for _, rev := range eras {
		t.Run(rev, func(t *testing.T) {
			n := newTown()
			wiki := &peer{tools: tools("old", "both"), prompts: `{"name":"p"}`}
			n.serve("wiki.example", wiki)
			p := synced(t, n, nil, server("wiki"))
			alice := connect(t, n, "alice", rev)

			wiki.tools, wiki.prompts = tools("both", "new"), ""
			if _, err := p.Sync(t.Context(), "wiki"); err != nil {
				t.Fatal(err)
			}
			list := alice.ask("tools/list", "", "").body
			if strings.Contains(list, "wiki_old") || !strings.Contains(list, "wiki_new") || strings.Contains(alice.ask("prompts/list", "", "").body, "wiki_p") {
				t.Errorf("after the change: %s", list)
			}
			n.forget()
			if r := alice.call("wiki_old", `{}`); !strings.Contains(r.body, "-32602") || len(n.to("wiki.example")) > 0 {
				t.Errorf("what has vanished can be called: %s", r.body)
			}

			wiki.does = map[string]func(http.ResponseWriter, *http.Request, call){
				"tools/list": func(w http.ResponseWriter, _ *http.Request, _ call) { w.WriteHeader(500) },
			}
			before, _ := p.Status("wiki")
			after, err := p.Sync(t.Context(), "wiki")
			if err != nil || after.State != portal.Failed || *after.ErrorDetails != (portal.ErrorDetails{StatusCode: 500, Retryable: true, IsUpstream: true, Cause: after.ErrorDetails.Cause}) {
				t.Errorf("status %+v %+v, error %v", after, after.ErrorDetails, err)
			}
			if !after.LastSynced.After(*before.LastSynced) || !after.LastSuccessfulSync.Equal(*before.LastSuccessfulSync) {
				t.Error("the times did not move as they should")
			}
			if now := alice.ask("tools/list", "", "").body; now != list {
				t.Errorf("the failure changed the list to %s", now)
			}
			if r := alice.call("wiki_new", `{}`); r.status != http.StatusOK || !strings.Contains(r.body, `"result"`) {
				t.Errorf("calls: %s", r.body)
			}

			wiki.does = nil
			if again, _ := p.Sync(t.Context(), "wiki"); again.State != portal.Ready || again.Error != "" || again.ErrorDetails != nil {
				t.Errorf("status %+v", again)
			}
		})
	}
}

func TestWhatASyncSaysOfAFailure(t *testing.T) {
	answers := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	for name, c := range map[string]struct {
		host  http.Handler // nil: there is none
		want  portal.ErrorDetails
		error string
	}{
		"nobody there":   {nil, portal.ErrorDetails{Retryable: true}, "could not be reached"},
		"hangs up":       {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), portal.ErrorDetails{Retryable: true}, "could not be reached"},
		"fails":          {answers(502, "bad gateway"), portal.ErrorDetails{StatusCode: 502, Retryable: true, IsUpstream: true}, "HTTP status 502"},
		"is not there":   {answers(410, "gone"), portal.ErrorDetails{StatusCode: 410, IsUpstream: true}, "HTTP status 410"},
		"wants a secret": {answers(401, ""), portal.ErrorDetails{StatusCode: 401, IsUpstream: true}, "HTTP status 401"},
		"is busy":        {answers(429, ""), portal.ErrorDetails{StatusCode: 429, Retryable: true, IsUpstream: true}, "HTTP status 429"},
		"is a website":   {answers(200, "<html>"), portal.ErrorDetails{IsUpstream: true}, "as MCP asks"},
		"refuses the list": {&peer{tools: tools("x"), does: map[string]func(http.ResponseWriter, *http.Request, call){
			"tools/list": func(w http.ResponseWriter, _ *http.Request, m call) {
				failure(w, m, 200, `{"code":-32000,"message":"no"}`)
			},
		}}, portal.ErrorDetails{MCPCode: -32000, IsUpstream: true}, "as MCP asks"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTown()
			if c.host != nil {
				n.serve("wiki.example", c.host)
			}
			p := standUp(t, n, nil, server("wiki"))
			got, err := p.Sync(t.Context(), "wiki")
			if err != nil {
				t.Fatal(err)
			}
			c.want.Cause = got.ErrorDetails.Cause
			if got.State != portal.Failed || *got.ErrorDetails != c.want || !strings.Contains(got.Error, c.error) || c.want.Cause == "" {
				t.Errorf("status %+v, details %+v", got, got.ErrorDetails)
			}
		})
	}
}

func TestTheLifeOfAnAdminsCredential(t *testing.T) {
	n := newTown()
	mail := &peer{tools: tools("send")}
	n.serve("mail.example", mail)
	var dead atomic.Value
	dead.Store(credential.ErrConsentRequired)
	wallet := &MockCredentials{}
	wallet.EXPECT().Token(mock.Anything, credential.Admin, "mail").RunAndReturn(func(ctx, credential.Owner, string) (portal.Secret, error) {
		if err, _ := dead.Load().(error); err != errAlive {
			return "", err
		}
		return "admins", nil
	})
	wallet.EXPECT().Token(mock.Anything, credential.Person("a-1"), "mail").Return("alices", nil)
	wallet.EXPECT().Rejected(credential.Admin, "mail", mock.Anything).Return()
	p := standUp(t, n, with(wallet), oauth("mail", true))
	sync := func() portal.Status {
		s, err := p.Sync(t.Context(), "mail")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := sync(); s.State != portal.Waiting || s.LastSynced != nil || len(n.to("mail.example")) > 0 {
		t.Errorf("before the first authorization: %+v", s)
	}
	dead.Store(errAlive)
	if s := sync(); s.State != portal.Ready || s.Tools != 1 {
		t.Errorf("with the credential: %+v", s)
	}
	for _, s := range n.to("mail.example") {
		if s.header.Get("Authorization") != "Bearer admins" {
			t.Errorf("a sync carried %q", s.header.Get("Authorization"))
		}
	}
	n.forget()
	alice := connect(t, n, "alice", stateless)
	for _, err := range []error{credential.ErrConsentRequired, credential.ErrRefreshRefused} {
		dead.Store(err)
		if s := sync(); s.State != portal.Stale || s.LastSuccessfulSync == nil || s.ErrorDetails.Retryable || len(n.to("mail.example")) > 0 {
			t.Errorf("when it has died (%v): %+v", err, s)
		}
		if r := alice.call("mail_send", `{}`); !strings.Contains(r.body, "as Bearer alices") {
			t.Errorf("alice's own: %s", r.body)
		}
		n.forget()
	}
	dead.Store(credential.ErrUnavailable)
	if s := sync(); s.State != portal.Failed || !s.ErrorDetails.Retryable || s.ErrorDetails.IsUpstream {
		t.Errorf("without the authorization server: %+v %+v", s, s.ErrorDetails)
	}
	dead.Store(errAlive)
	mail.refuses = accepts("another")
	if s := sync(); s.State != portal.Stale || s.ErrorDetails.StatusCode != 401 {
		t.Errorf("when the server refuses it: %+v %+v", s, s.ErrorDetails)
	}
	mail.refuses = nil
	if s := sync(); s.State != portal.Ready {
		t.Errorf("in the end: %+v", s)
	}
}

var errAlive = errors.New("alive")

func TestSkippedDefinitionsAreReported(t *testing.T) {
	n := newTown()
	n.serve("wiki.example", &peer{tools: tools("good", "", strings.Repeat("x", 124))})
	p := synced(t, n, nil, server("wiki"))
	s, err := p.Status("wiki")
	if err != nil || s.State != portal.Ready || s.Tools != 1 || len(s.Skipped) != 2 {
		t.Errorf("%+v, error %v", s, err)
	}
	if r := connect(t, n, "alice", stateful).ask("tools/list", "", ""); !strings.Contains(r.body, `[{"name":"wiki_good","inputSchema":{"type":"object"}}]`) {
		t.Errorf("list %s", r.body)
	}
}

// A server is asked only for what it says it has; one that says nothing may
// answer that it has no such method.
func TestAServerWithoutPromptsIsNotAskedForThem(t *testing.T) {
	n := newTown()
	wiki := &peer{tools: tools("x")}
	n.serve("wiki.example", wiki)
	pinned := server("old")
	pinned.Revision = stateless // nothing is known of its capabilities then
	old := &peer{tools: tools("x")}
	n.serve("old.example", old)
	p := synced(t, n, nil, server("wiki"), pinned)
	for _, s := range p.Statuses() {
		if s.State != portal.Ready || s.Tools != 1 || s.Prompts != 0 {
			t.Errorf("%+v", s)
		}
	}
	if len(wiki.heard("prompts/list")) != 0 || len(old.heard("prompts/list")) != 1 {
		t.Errorf("asked %d and %d times", len(wiki.heard("prompts/list")), len(old.heard("prompts/list")))
	}
}

func TestASyncEndsItsConversation(t *testing.T) {
	n := newTown()
	wiki := &peer{revision: stateful, tools: tools("x")}
	n.serve("wiki.example", wiki)
	synced(t, n, nil, server("wiki"))
	if d := wiki.heard("DELETE"); len(d) != 1 || d[0].header.Get("Mcp-Session-Id") != "s-1" {
		t.Errorf("%+v", d)
	}
}

func TestOneSyncOfAServerAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		var now, most atomic.Int32
		n.serve("wiki.example", &peer{tools: tools("x"), does: map[string]func(http.ResponseWriter, *http.Request, call){
			"tools/list": func(w http.ResponseWriter, _ *http.Request, m call) {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				result(w, m, `{"tools":[],"resultType":"complete"}`)
			},
		}})
		p := standUp(t, n, nil, server("wiki"))
		for range 3 {
			go func() { _, _ = p.Sync(t.Context(), "wiki") }()
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if _, err := p.Sync(ctx, "wiki"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		time.Sleep(10 * time.Second)
		if most.Load() != 1 {
			t.Errorf("%d at a time", most.Load())
		}
	})
}

func TestStatusIsWrittenAsTheAdminAPIDocumentsIt(t *testing.T) {
	n := newTown()
	p := standUp(t, n, nil, server("wiki"))
	s, err := p.Status("wiki")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"wiki","name":"wiki","hostname":"https://wiki.example/mcp","auth_type":"unauthenticated","status":"waiting",` +
		`"last_synced":null,"last_successful_sync":null,"tools":0,"prompts":0}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := p.Status("nowhere"); !errors.Is(err, portal.ErrUnknownServer) {
		t.Errorf("error %v", err)
	}
	if _, err := p.Sync(t.Context(), "nowhere"); !errors.Is(err, portal.ErrUnknownServer) {
		t.Errorf("error %v", err)
	}
}
