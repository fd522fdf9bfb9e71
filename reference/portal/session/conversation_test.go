package session_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/session"
)

func TestOneOfSeveralOpensAConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := begin(t, table(session.Config{}), "alice")
		var opened atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				l, err := s.Conversation(t.Context(), "wiki", func(context.Context) (line, error) {
					opened.Add(1)
					<-time.After(time.Second)
					return line{name: "wiki"}, nil
				})
				if err != nil || l.name != "wiki" {
					t.Errorf("%v, %v", l, err)
				}
			})
		}
		all.Wait()
		if opened.Load() != 1 {
			t.Errorf("opened %d times", opened.Load())
		}
	})
}

func TestServersDoNotWaitForOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := begin(t, table(session.Config{}), "alice")
		begun, release := time.Now(), make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			_, _ = s.Conversation(t.Context(), "slow", func(context.Context) (line, error) { <-release; return line{}, nil })
		})
		synctest.Wait()
		dial(t, s, line{name: "quick"})
		if time.Since(begun) != 0 {
			t.Error("the quick server waited")
		}
		close(release)
		all.Wait()
	})
}

func TestAnotherTakesOverFromAnOpenerWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := begin(t, table(session.Config{}), "alice")
		leaving, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := s.Conversation(leaving, "wiki", func(ctx context.Context) (line, error) { <-ctx.Done(); return line{}, ctx.Err() })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the one who left: %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() { dial(t, s, line{name: "wiki"}) })
		synctest.Wait()
		leave()
		all.Wait()
	})
}

func TestAWaiterMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := begin(t, table(session.Config{}), "alice")
		release := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			_, _ = s.Conversation(t.Context(), "wiki", func(context.Context) (line, error) { <-release; return line{}, nil })
		})
		synctest.Wait()
		leaving, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, err := s.Conversation(leaving, "wiki", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		close(release)
		all.Wait()
	})
}

func TestWhatCouldNotBeOpenedIsTriedAnew(t *testing.T) {
	_, s := begin(t, table(session.Config{}), "alice")
	dead := errors.New("dead")
	if _, err := s.Conversation(t.Context(), "wiki", func(context.Context) (line, error) { return line{}, dead }); !errors.Is(err, dead) {
		t.Errorf("%v", err)
	}
	dial(t, s, line{name: "wiki"})
}

func TestWhatOpensTooLateIsClosedAtOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(of *session.Table[line], id string)
	}{
		{"session ended", func(of *session.Table[line], id string) { of.End(context.Background(), id, "alice") }},
		{"conversation dropped", func(of *session.Table[line], _ string) { of.Drop(context.Background(), "alice", "wiki") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			of, closed := table(session.Config{}), &log{}
			id, s := begin(t, of, "alice")
			_, err := s.Conversation(t.Context(), "wiki", func(context.Context) (line, error) {
				c.end(of, id)
				return line{name: "wiki", closed: closed}, nil
			})
			if !errors.Is(err, session.ErrEnded) {
				t.Errorf("%v", err)
			}
			if diff := cmp.Diff([]string{"wiki"}, closed.sorted()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnEndedSessionOpensNothing(t *testing.T) {
	of := table(session.Config{})
	id, s := begin(t, of, "alice")
	of.End(t.Context(), id, "alice")
	_, err := s.Conversation(t.Context(), "wiki", func(context.Context) (line, error) { t.Error("opened"); return line{}, nil })
	if !errors.Is(err, session.ErrEnded) {
		t.Errorf("%v", err)
	}
}
