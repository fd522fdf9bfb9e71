package upstream

import (
	"context"
	"errors"
	"net/http"
)

// life is the time between two restarts: what is served ends with it.
type life struct {
	ctx context.Context
	end context.CancelCauseFunc
}

type lifeKey struct{}

var errRestarted = errors.New("the server has restarted")

func newLife(closing context.Context) life {
	ctx, end := context.WithCancelCause(closing)
	return life{ctx: ctx, end: end}
}

// lifeOf is the life a request came in.
func lifeOf(ctx context.Context) context.Context {
	found, ok := ctx.Value(lifeKey{}).(context.Context)
	if !ok {
		return ctx
	}
	return found
}

func (s *Server) living() life {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	return s.life
}

// Restart is what a restart of the process looks like from outside: every
// answer and stream under way is cut off in the middle, and the sessions are
// forgotten. Requests that come later are served; it does not wait for the ones
// it cut. The tools stay as they are.
func (s *Server) Restart() {
	s.lifeMu.Lock() // nobody opens a session that is forgotten at once
	defer s.lifeMu.Unlock()
	s.life.end(errRestarted)
	s.ForgetSessions()
	s.life = newLife(s.closing)
}

// cutOff ends a request, and its connection, if a restart has come in between:
// a process that ends says nothing more.
func cutOff(ctx context.Context) {
	if context.Cause(lifeOf(ctx)) == errRestarted {
		panic(http.ErrAbortHandler)
	}
}
