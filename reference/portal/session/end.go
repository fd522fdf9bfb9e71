package session

import (
	"context"
	"sync"
	"time"
)

// End ends the state with an id, if it is who's: its requests under way end
// with [ErrEnded], and its conversations are closed before End returns.
func (t *Table[C]) End(ctx context.Context, id, who string) bool {
	t.mu.Lock()
	s, expired := t.find(key{id: id}, who)
	if s != nil {
		t.remove(s)
	}
	t.mu.Unlock()
	t.finish(ctx, s, expired)
	return s != nil
}

// Sweep ends the states that have been idle for too long.
func (t *Table[C]) Sweep(ctx context.Context) {
	var ended []*State[C]
	t.mu.Lock()
	now := time.Now()
	for _, s := range t.states {
		if t.idle(s, now) {
			t.remove(s)
			ended = append(ended, s)
		}
	}
	t.mu.Unlock()
	t.finish(ctx, ended...)
}

// Drop closes who's conversations with a server, in all states: what they
// were opened with is no longer what would be used now.
func (t *Table[C]) Drop(ctx context.Context, who, server string) {
	var open []C
	t.mu.Lock()
	for _, s := range t.whose[who] {
		if c, ok := s.drop(server); ok {
			open = append(open, c)
		}
	}
	t.mu.Unlock()
	t.hangUp(ctx, open)
}

// finish ends states that are no longer in the table.
func (t *Table[C]) finish(ctx context.Context, states ...*State[C]) {
	var open []C
	for _, s := range states {
		if s != nil {
			open = append(open, s.end()...)
		}
	}
	t.hangUp(ctx, open)
}

// hangUp closes conversations side by side. A server that does not answer is
// not waited for longer than Config.Patience, and one that refuses is left to
// forget by itself.
func (t *Table[C]) hangUp(ctx context.Context, open []C) {
	if len(open) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.config.Patience)
	defer cancel()
	var all sync.WaitGroup
	for _, c := range open {
		all.Go(func() { _ = c.Close(ctx) })
	}
	all.Wait()
}
