// Package session is what the portal remembers about a client between requests.
//
// A [State] belongs to one person or service and to nobody else: to a session
// of the stateful revision, or to what was granted to a client of the stateless
// one. It holds what the client declared and the conversations with servers
// that are open on its behalf. An idle state ends, and its conversations with
// it.
//
// Knowing a state's id proves nothing about who asks: every look-up takes the
// one who does, and another's id is as good as an unknown one
// (MCP 2025-11-25, Security Best Practices, "Session Hijacking").
package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

var (
	// ErrEnded says that the state ended while it was being used.
	ErrEnded = errors.New("the session has ended")
	// ErrFull says that the table holds as many states as it may.
	ErrFull = errors.New("too many sessions")
	// ErrCancelled is the cause of a context that [State.Cancel] ended.
	ErrCancelled = errors.New("cancelled by the client")
)

// Conversation is an open connection to a server that a state owns.
type Conversation interface {
	Close(ctx context.Context) error
}

// Client is what a state knows of the client it belongs to.
type Client struct {
	Who      string       // the person or service; compared as a plain string
	Revision rpc.Revision // as negotiated
	Caller   rpc.Caller   // what it declared about itself; zero in the stateless revision, where each request says it anew
}

// State is what is remembered of one client. It may be used by many goroutines.
type State[C Conversation] struct {
	Client

	key  key
	last time.Time // of its latest request; guarded by the table

	mu            sync.Mutex // never held during network I/O
	ended         bool
	conversations map[string]*conversation[C] // by server
	calls         map[string]*call            // by the client's request id
}

// call is a request that is under way.
type call struct{ cancel context.CancelCauseFunc }

// Track makes a request known under the client's id for it, so that
// [State.Cancel] finds it, and returns a context that ends with it. done must
// be called when it is over.
func (s *State[C]) Track(ctx context.Context, id string) (tracked context.Context, done func()) {
	tracked, cancel := context.WithCancelCause(ctx)
	c := &call{cancel}
	s.mu.Lock()
	if s.calls == nil {
		s.calls = map[string]*call{}
	}
	s.calls[id] = c
	ended := s.ended
	s.mu.Unlock()
	if ended {
		cancel(ErrEnded)
	}
	return tracked, func() {
		s.mu.Lock()
		if s.calls[id] == c { // a client that uses an id twice cancels the later request
			delete(s.calls, id)
		}
		s.mu.Unlock()
		cancel(nil)
	}
}

// Cancel ends the context of the request that the client knows by this id, with
// [ErrCancelled] as the cause. A request that is over, or never was, is none of
// its business.
func (s *State[C]) Cancel(id string) {
	s.mu.Lock()
	c := s.calls[id]
	s.mu.Unlock()
	if c != nil {
		c.cancel(ErrCancelled)
	}
}

// end ends every request under way and gives back the open conversations.
func (s *State[C]) end() []C {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, c := range s.calls {
		c.cancel(ErrEnded)
	}
	var open []C
	for _, c := range s.conversations {
		if c.ready {
			open = append(open, c.with)
		}
	}
	s.conversations = nil
	return open
}
