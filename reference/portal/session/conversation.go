package session

import "context"

// conversation is one that is open, or being opened.
type conversation[C Conversation] struct {
	opened    chan struct{} // closed when opening is over, one way or the other
	ready     bool          // with is open; guarded by the state
	with      C
	err       error
	abandoned bool // it failed because its opener's own context ended
}

// Conversation is the state's conversation with a server, opened if there is
// none. Of several callers one opens it and the others wait; should the
// opener's context end, another takes over. What could not be opened is not
// remembered.
//
// Errors are those of open, of ctx, and [ErrEnded].
func (s *State[C]) Conversation(ctx context.Context, server string, open func(context.Context) (C, error)) (C, error) {
	var none C
	for {
		c, mine, err := s.enter(server)
		switch {
		case err != nil:
			return none, err
		case mine:
			s.open(ctx, server, c, open)
			return c.with, c.err
		}
		select {
		case <-c.opened:
			if !c.abandoned {
				return c.with, c.err
			}
		case <-ctx.Done():
			return none, context.Cause(ctx)
		}
	}
}

// enter finds the conversation, or makes the caller the one who opens it.
func (s *State[C]) enter(server string) (c *conversation[C], mine bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, false, ErrEnded
	}
	if c := s.conversations[server]; c != nil {
		return c, false, nil
	}
	if s.conversations == nil {
		s.conversations = map[string]*conversation[C]{}
	}
	c = &conversation[C]{opened: make(chan struct{}), err: ErrEnded}
	s.conversations[server] = c
	return c, true, nil
}

func (s *State[C]) open(ctx context.Context, server string, c *conversation[C], open func(context.Context) (C, error)) {
	defer close(c.opened)
	defer s.leave(server, c)
	with, err := open(ctx)
	if err != nil {
		c.err, c.abandoned = err, ctx.Err() != nil
		return
	}
	if !s.settle(server, c, with) { // ended or dropped meanwhile: nobody else would close it
		_ = with.Close(context.WithoutCancel(ctx))
	}
}

// settle makes an opened conversation the state's, if it still waits for it.
func (s *State[C]) settle(server string, c *conversation[C], with C) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conversations[server] != c {
		return false
	}
	c.with, c.err, c.ready = with, nil, true
	return true
}

// leave forgets a conversation that was not opened.
func (s *State[C]) leave(server string, c *conversation[C]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conversations[server] == c && !c.ready {
		delete(s.conversations, server)
	}
}

// drop gives up the conversation with a server; ok if it was open.
func (s *State[C]) drop(server string) (with C, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conversations[server]
	delete(s.conversations, server)
	if c == nil || !c.ready {
		return with, false
	}
	return c.with, true
}
