package upstream

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// errTimeout matches [context.DeadlineExceeded].
var errTimeout = fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)

// lifetime bounds one exchange: it ends with its caller's context, or when no
// answer and no progress came for a while, or at the latest after a maximum
// (MCP 2025-11-25, Lifecycle, "Timeouts").
//
// The HTTP request does not share the caller's context. In the stateful era a
// broken connection does not cancel a request, so the upstream is told first
// and the connection goes after that.
type lifetime struct {
	ctx    context.Context // of the HTTP request
	cancel context.CancelCauseFunc

	timeout time.Duration
	last    time.Time
	timer   *time.Timer
	detach  func() bool // from the caller's context

	tell    func(context.Context)
	claimed atomic.Bool // by whoever ends it first
	done    chan struct{}
	cause   error // why it was aborted; read after done
}

// live starts a lifetime. tell is called once if it is aborted; nil: nothing
// to tell.
func (s *Server) live(ctx context.Context, tell func(context.Context)) *lifetime {
	l := &lifetime{timeout: s.config.Timeout, last: time.Now().Add(s.config.MaxTimeout), tell: tell, done: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	l.timer = time.AfterFunc(min(l.timeout, s.config.MaxTimeout), func() { l.abort(errTimeout) })
	l.detach = context.AfterFunc(ctx, func() { l.abort(context.Cause(ctx)) })
	return l
}

// abort tells the upstream and breaks the exchange off.
func (l *lifetime) abort(cause error) {
	if !l.claimed.CompareAndSwap(false, true) {
		return
	}
	l.cause = cause
	if l.tell != nil {
		l.tell(l.ctx)
	}
	l.cancel(cause)
	close(l.done)
}

// progressed gives the exchange its timeout anew.
func (l *lifetime) progressed() { l.timer.Reset(min(l.timeout, time.Until(l.last))) }

// end is called when the exchange is over, with what came of it, and returns
// why it was aborted if it was. Nothing of the lifetime is left running.
func (l *lifetime) end(err error) error {
	l.timer.Stop()
	l.detach()
	if l.claimed.CompareAndSwap(false, true) {
		close(l.done)
	}
	<-l.done
	l.cancel(nil)
	if l.cause != nil {
		return l.cause
	}
	return err
}
