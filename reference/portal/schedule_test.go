package portal_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

// diary is a peer that notes when it is asked for its tools, and how many ask
// at once.
type diary struct {
	*peer
	takes time.Duration // to answer

	mu         sync.Mutex
	begun      time.Time
	asked      []time.Duration // since begun
	busy, most int
}

func keepDiary(takes time.Duration) *diary {
	return &diary{peer: &peer{revision: stateless, tools: tools("x")}, takes: takes, begun: time.Now()}
}

func (d *diary) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Mcp-Method") == "tools/list" {
		d.enter()
		defer d.leave()
		select {
		case <-time.After(d.takes):
		case <-r.Context().Done():
			return
		}
	}
	d.peer.ServeHTTP(w, r)
}

func (d *diary) enter() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, time.Since(d.begun))
	d.busy++
	d.most = max(d.most, d.busy)
}

func (d *diary) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy--
}

func (d *diary) times() []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}

// runFor lets a portal run for a while, and checks that it ends when it should.
func runFor(t *testing.T, p *portal.Portal, while time.Duration) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	<-time.After(while)
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
}

func TestServersAreAskedAtOnceAndEveryTwoHoursOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		a, b, c := keepDiary(0), keepDiary(3*time.Second), keepDiary(0)
		n.serve("a.example", a)
		n.serve("b.example", b)
		n.serve("c.example", c)
		runFor(t, standUp(t, n, nil, server("c"), server("a"), server("b")), 4*time.Hour+time.Minute)
		for i, d := range []*diary{a, b, c} {
			first := time.Duration(i) * 5 * time.Millisecond
			if diff := cmp.Diff([]time.Duration{first, first + 2*time.Hour, first + 4*time.Hour}, d.times()); diff != "" {
				t.Errorf("server %d: %s", i, diff)
			}
		}
	})
}

func TestAServerThatHangsDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		hangs, quick := keepDiary(24*time.Hour), keepDiary(0)
		n.serve("hangs.example", hangs)
		n.serve("quick.example", quick)
		p := standUp(t, n, nil, server("hangs"), server("quick"))
		runFor(t, p, time.Hour)
		for id, want := range map[string]portal.State{"hangs": portal.Failed, "quick": portal.Ready} {
			if s, err := p.Status(id); err != nil || s.State != want {
				t.Errorf("%s is %q, %v", id, s.State, err)
			}
		}
	})
}

func TestTheIntervalIsTheConfigurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, wiki := newTown(), keepDiary(0)
		n.serve("wiki.example", wiki)
		runFor(t, standUp(t, n, func(c *portal.Config) { c.SyncEvery = 10 * time.Minute }, server("wiki")), 25*time.Minute)
		if diff := cmp.Diff([]time.Duration{0, 10 * time.Minute, 20 * time.Minute}, wiki.times()); diff != "" {
			t.Error(diff)
		}
	})
}

// Two syncs of one server take turns, however they were begun.
func TestSyncsOfOneServerDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, wiki := newTown(), keepDiary(time.Second)
		n.serve("wiki.example", wiki)
		p := standUp(t, n, nil, server("wiki"))
		var all sync.WaitGroup
		all.Go(func() { runFor(t, p, time.Minute) })
		for range 4 {
			all.Go(func() {
				if s, err := p.Sync(t.Context(), "wiki"); err != nil || s.State != portal.Ready {
					t.Errorf("%q, %v", s.State, err)
				}
			})
		}
		all.Wait()
		if wiki.most != 1 || len(wiki.times()) != 5 {
			t.Errorf("%d at once, %d in all", wiki.most, len(wiki.times()))
		}
	})
}

func TestWhoeverWaitsForASyncMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, wiki := newTown(), keepDiary(time.Hour)
		n.serve("wiki.example", wiki)
		p := standUp(t, n, nil, server("wiki"))
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if _, err := p.Sync(ctx, "wiki"); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v", err)
				}
			})
		}
		all.Wait()
		if s, _ := p.Status("wiki"); s.State != portal.Waiting || s.LastSynced != nil {
			t.Errorf("a sync that was given up left %+v", s)
		}
	})
}

// Background work never passes the gateway; calls do.
func TestSyncsHaveTheirOwnWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		n.serve("wiki.example", &peer{tools: tools("x")})
		p := standUp(t, n, func(c *portal.Config) { c.RouteAll = true }, server("wiki"))
		runFor(t, p, 5*time.Hour)
		if _, err := p.Sync(t.Context(), "wiki"); err != nil {
			t.Error(err)
		}
		for _, s := range n.to("wiki.example") {
			if s.via != "direct" {
				t.Errorf("a sync went %s: %s", s.via, s.body)
			}
		}
		n.forget()
		connect(t, n, "alice", stateless).call("wiki_x", `{}`)
		to := n.to("wiki.example")
		if len(to) == 0 {
			t.Error("the call did not arrive")
		}
		for _, s := range to {
			if s.via != "gateway" {
				t.Errorf("a call went %s: %s", s.via, s.body)
			}
		}
	})
}

// step is one sync, and what the administrator is told after it.
type step struct {
	token portal.Secret
	err   error // of the vault
	code  int   // the server's status; 0: it answers as it should; -1: it is down
	want  portal.State
	tools int
	cause *portal.ErrorDetails // but for its text
}

func TestStatusFollowsTheSyncs(t *testing.T) {
	const good = portal.Secret("good")
	refused := &portal.ErrorDetails{StatusCode: 401, IsUpstream: true}
	for name, steps := range map[string][]step{
		"waits for the administrator": {
			{err: credential.ErrConsentRequired, want: portal.Waiting},
			{err: credential.ErrConsentRequired, want: portal.Waiting},
			{token: good, want: portal.Ready, tools: 2},
		},
		"grows stale": {
			{token: good, want: portal.Ready, tools: 2},
			{err: credential.ErrConsentRequired, want: portal.Stale, tools: 2, cause: &portal.ErrorDetails{}},
			{err: credential.ErrRefreshRefused, want: portal.Stale, tools: 2, cause: &portal.ErrorDetails{}},
			{token: good, want: portal.Ready, tools: 2},
			{token: good, code: 401, want: portal.Stale, tools: 2, cause: refused},
		},
		"fails and recovers": {
			{token: good, code: -1, want: portal.Failed, cause: &portal.ErrorDetails{Retryable: true}},
			{token: good, want: portal.Ready, tools: 2},
			{token: good, code: 503, want: portal.Failed, tools: 2, cause: &portal.ErrorDetails{StatusCode: 503, Retryable: true, IsUpstream: true}},
			{token: good, code: 429, want: portal.Failed, tools: 2, cause: &portal.ErrorDetails{StatusCode: 429, Retryable: true, IsUpstream: true}},
			{token: good, code: 403, want: portal.Failed, tools: 2, cause: &portal.ErrorDetails{StatusCode: 403, IsUpstream: true}},
			{err: credential.ErrUnavailable, want: portal.Failed, tools: 2, cause: &portal.ErrorDetails{Retryable: true}},
			{token: good, want: portal.Ready, tools: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { follow(t, steps) })
		})
	}
}

func follow(t *testing.T, steps []step) {
	t.Helper()
	n, credentials, mail := newTown(), NewMockCredentials(t), &peer{tools: tools("a", "b")}
	s := server("mail")
	s.Auth = portal.OAuth
	p := standUp(t, n, func(c *portal.Config) { c.Credentials = credentials }, s)
	credentials.EXPECT().Rejected(admin, "mail", mock.Anything).Return().Maybe()
	var lastGood *time.Time
	for i, step := range steps {
		<-time.After(time.Hour)
		n.serve("mail.example", answersWith(step.code, mail))
		token := credentials.EXPECT().Token(mock.Anything, admin, "mail").Return(step.token, step.err)
		got, err := p.Sync(t.Context(), "mail")
		token.Unset()
		now := time.Now()
		if step.want == portal.Ready {
			lastGood = &now
		}
		want := portal.Status{
			ID: "mail", Name: "mail", URL: "https://mail.example/mcp", AuthType: portal.OAuth, State: step.want,
			ErrorDetails: step.cause, LastSynced: &now, LastSuccessfulSync: lastGood, Tools: step.tools,
		}
		if step.want == portal.Waiting {
			want.LastSynced = nil // the server was not asked anything
		}
		texts := []cmp.Option{cmpopts.IgnoreFields(portal.Status{}, "Error"), cmpopts.IgnoreFields(portal.ErrorDetails{}, "Cause")}
		if diff := cmp.Diff(want, got, texts...); err != nil || diff != "" {
			t.Errorf("step %d: %v, %s", i, err, diff)
		}
		if (got.Error == "") != (step.want == portal.Ready) {
			t.Errorf("step %d: %q", i, got.Error)
		}
		list := connect(t, n, "alice", stateless).ask("tools/list", "", "").body
		if count := strings.Count(list, `"name"`); count != step.tools {
			t.Errorf("step %d: %d tools are listed", i, count)
		}
	}
}

// answersWith is a server in trouble, or in none.
func answersWith(code int, otherwise http.Handler) http.Handler {
	switch {
	case code < 0:
		return nil
	case code == 0:
		return otherwise
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

func TestAnUnknownServerHasNoStatus(t *testing.T) {
	p := standUp(t, newTown(), nil, server("wiki"))
	if _, err := p.Status("x"); !errors.Is(err, portal.ErrUnknownServer) {
		t.Errorf("Status: %v", err)
	}
	if _, err := p.Sync(t.Context(), "x"); !errors.Is(err, portal.ErrUnknownServer) {
		t.Errorf("Sync: %v", err)
	}
	all := p.Statuses()
	if len(all) != 1 || all[0].State != portal.Waiting {
		t.Errorf("Statuses: %+v", all)
	}
}
