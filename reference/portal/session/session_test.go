package session_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/session"
)

// line is a conversation that says when it was closed.
type line struct {
	name   string
	closed *log
	hangs  bool // until its context ends
}

func (l line) Close(ctx context.Context) error {
	if l.hangs {
		<-ctx.Done()
	}
	l.closed.add(l.name)
	return ctx.Err()
}

type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, s)
}

func (l *log) sorted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(slices.Values(l.lines))
}

func table(c session.Config) *session.Table[line] { return session.NewTable[line](c) }

func begin(t *testing.T, of *session.Table[line], who string) (string, *session.State[line]) {
	t.Helper()
	id, s, err := of.Begin(t.Context(), session.Client{Who: who, Revision: rpc.Stateful})
	if err != nil {
		t.Fatal(err)
	}
	return id, s
}

func dial(t *testing.T, s *session.State[line], l line) {
	t.Helper()
	if _, err := s.Conversation(t.Context(), l.name, func(context.Context) (line, error) { return l, nil }); err != nil {
		t.Fatal(err)
	}
}

func TestASessionIsFoundByItsOwnerOnly(t *testing.T) {
	of := table(session.Config{})
	id, s := begin(t, of, "alice")
	for _, c := range []struct {
		id, who string
		ok      bool
	}{{id, "alice", true}, {id, "bob", false}, {id, "", false}, {id + "x", "alice", false}, {"", "alice", false}} {
		found, ok := of.Find(t.Context(), c.id, c.who)
		if ok != c.ok || ok && found != s {
			t.Errorf("%q asks for %q: %v", c.who, c.id, ok)
		}
	}
	if of.End(t.Context(), id, "bob") {
		t.Error("somebody else ended the session")
	}
	if !of.End(t.Context(), id, "alice") || of.End(t.Context(), id, "alice") {
		t.Error("a session can be ended once, by its owner")
	}
}

func TestIDsAreVisibleASCIIAndDiffer(t *testing.T) {
	of := table(session.Config{})
	one, _ := begin(t, of, "alice")
	two, _ := begin(t, of, "alice")
	if one == two || len(one) < 43 {
		t.Errorf("%q, %q", one, two)
	}
	for _, r := range one {
		if r < '!' || r > '~' {
			t.Errorf("%q holds %q", one, r)
		}
	}
}

func TestAGrantHasOneStatePerOwner(t *testing.T) {
	of := table(session.Config{})
	granted := func(grant, who string) *session.State[line] {
		s, err := of.Granted(t.Context(), grant, session.Client{Who: who, Revision: rpc.Stateless})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	alices := granted("g", "alice")
	if granted("g", "alice") != alices {
		t.Error("the second request found another state")
	}
	if granted("g", "bob") == alices || granted("h", "alice") == alices {
		t.Error("a state is shared")
	}
	if _, ok := of.Find(t.Context(), "g", "alice"); ok {
		t.Error("a grant is taken for a session id")
	}
	if of.Len() != 3 {
		t.Errorf("%d states", of.Len())
	}
}

func TestIdleSessionsEnd(t *testing.T) {
	for _, c := range []struct {
		name  string
		touch func(of *session.Table[line], id string)
	}{
		{"swept", func(of *session.Table[line], _ string) { of.Sweep(context.Background()) }},
		{"asked for", func(of *session.Table[line], id string) { of.Find(context.Background(), id, "alice") }},
		{"ended", func(of *session.Table[line], id string) { of.End(context.Background(), id, "alice") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of, closed := table(session.Config{Idle: time.Hour}), &log{}
				id, s := begin(t, of, "alice")
				dial(t, s, line{name: "wiki", closed: closed})
				<-time.After(time.Hour - time.Nanosecond)
				of.Sweep(t.Context())
				if _, ok := of.Find(t.Context(), id, "alice"); !ok {
					t.Fatal("ended too early")
				}
				<-time.After(time.Hour - time.Nanosecond) // being found was activity
				of.Sweep(t.Context())
				if of.Len() != 1 {
					t.Fatal("being found was not taken for activity")
				}
				<-time.After(time.Nanosecond)
				c.touch(of, id)
				if of.Len() != 0 || len(closed.sorted()) != 1 {
					t.Errorf("%d sessions left, closed %v", of.Len(), closed.sorted())
				}
			})
		})
	}
}

func TestRoomIsMadeAmongTheOwnersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of, closed := table(session.Config{PerWho: 2, Total: 3}), &log{}
		first, s := begin(t, of, "alice")
		dial(t, s, line{name: "first", closed: closed})
		<-time.After(time.Second)
		second, s := begin(t, of, "alice")
		dial(t, s, line{name: "second", closed: closed})
		<-time.After(time.Second)
		of.Find(t.Context(), first, "alice") // now the second is the older one
		bobs, _ := begin(t, of, "bob")
		begin(t, of, "alice")
		for id, who := range map[string]string{first: "alice", bobs: "bob"} {
			if _, ok := of.Find(t.Context(), id, who); !ok {
				t.Errorf("a session of %s is gone", who)
			}
		}
		if _, ok := of.Find(t.Context(), second, "alice"); ok {
			t.Error("the session that was not used for longest is still there")
		}
		if diff := cmp.Diff([]string{"second"}, closed.sorted()); diff != "" {
			t.Error(diff)
		}
		if _, _, err := of.Begin(t.Context(), session.Client{Who: "carol"}); !errors.Is(err, session.ErrFull) {
			t.Errorf("a session beyond the total: %v", err)
		}
	})
}

func TestDropClosesOneServersConversationsOfOnePerson(t *testing.T) {
	of, closed := table(session.Config{}), &log{}
	_, alices := begin(t, of, "alice")
	_, bobs := begin(t, of, "bob")
	dial(t, alices, line{name: "wiki", closed: closed})
	dial(t, alices, line{name: "mail", closed: closed})
	dial(t, bobs, line{name: "wiki", closed: closed})
	of.Drop(t.Context(), "alice", "wiki")
	if diff := cmp.Diff([]string{"wiki"}, closed.sorted()); diff != "" {
		t.Error(diff)
	}
}

func TestASilentServerIsNotWaitedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of, closed := table(session.Config{Patience: 3 * time.Second}), &log{}
		id, s := begin(t, of, "alice")
		dial(t, s, line{name: "quick", closed: closed})
		dial(t, s, line{name: "slow", closed: closed, hangs: true})
		begun := time.Now()
		ended, cancel := context.WithCancel(t.Context())
		cancel() // the request that ends a session may itself be over
		of.End(ended, id, "alice")
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		if diff := cmp.Diff([]string{"quick", "slow"}, closed.sorted()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCancelEndsTheRequestOfThatIDOnly(t *testing.T) {
	_, s := begin(t, table(session.Config{}), "alice")
	one, done := s.Track(t.Context(), "1")
	text, doneText := s.Track(t.Context(), `"1"`)
	defer doneText()
	s.Cancel("2")
	s.Cancel("1")
	if !errors.Is(context.Cause(one), session.ErrCancelled) || text.Err() != nil {
		t.Errorf("causes: %v, %v", context.Cause(one), context.Cause(text))
	}
	done()
	s.Cancel("1") // over: nobody's business
}

func TestAnIDUsedTwiceMeansTheLaterRequest(t *testing.T) {
	_, s := begin(t, table(session.Config{}), "alice")
	first, doneFirst := s.Track(t.Context(), "1")
	second, doneSecond := s.Track(t.Context(), "1")
	defer doneSecond()
	s.Cancel("1")
	if first.Err() != nil || second.Err() == nil {
		t.Errorf("%v, %v", first.Err(), second.Err())
	}
	doneFirst()

	_, doneThird := s.Track(t.Context(), "2")
	fourth, doneFourth := s.Track(t.Context(), "2")
	defer doneFourth()
	doneThird()
	s.Cancel("2")
	if fourth.Err() == nil {
		t.Error("the end of the earlier request hid the later one")
	}
}

func TestTheEndOfASessionEndsItsRequests(t *testing.T) {
	of := table(session.Config{})
	id, s := begin(t, of, "alice")
	during, done := s.Track(t.Context(), "1")
	defer done()
	of.End(t.Context(), id, "alice")
	after, done := s.Track(t.Context(), "2")
	defer done()
	for _, ctx := range []context.Context{during, after} {
		if !errors.Is(context.Cause(ctx), session.ErrEnded) {
			t.Errorf("cause: %v", context.Cause(ctx))
		}
	}
}
