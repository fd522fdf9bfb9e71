package session

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"
)

// Config bounds what is remembered.
type Config struct {
	Idle     time.Duration // a state without a request for so long ends; 0: 24 h
	PerWho   int           // states of one person or service, the least recently used gives way; 0: 100
	Total    int           // states of everybody, a further one is refused; 0: 100,000
	Patience time.Duration // how long closing a conversation may take; 0: 5 s
}

// Table holds all states. It starts no goroutines that outlive a call.
type Table[C Conversation] struct {
	config Config

	mu     sync.Mutex // never held during network I/O
	states map[key]*State[C]
	whose  map[string]map[key]*State[C]
}

// key is a session's id, or who and what was granted; never one for the other.
type key struct{ id, who, grant string }

// NewTable makes an empty table.
func NewTable[C Conversation](c Config) *Table[C] {
	if c.Idle == 0 {
		c.Idle = 24 * time.Hour
	}
	if c.PerWho == 0 {
		c.PerWho = 100
	}
	if c.Total == 0 {
		c.Total = 100_000
	}
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	return &Table[C]{config: c, states: map[key]*State[C]{}, whose: map[string]map[key]*State[C]{}}
}

// Begin makes a state under a new id of 256 random bits in visible ASCII
// (MCP 2025-11-25, Transports, "Session Management"). The error is [ErrFull].
func (t *Table[C]) Begin(ctx context.Context, c Client) (id string, s *State[C], err error) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	id = base64.RawURLEncoding.EncodeToString(random[:])
	s, err = t.add(ctx, key{id: id}, c)
	return id, s, err
}

// Find is the state with an id, if it is who's and has not ended. Being found
// is activity.
func (t *Table[C]) Find(ctx context.Context, id, who string) (*State[C], bool) {
	t.mu.Lock()
	s, expired := t.find(key{id: id}, who)
	t.mu.Unlock()
	t.finish(ctx, expired)
	return s, s != nil
}

// Granted is the state under what was granted to a client, made if there is
// none. Being asked for is activity. The error is [ErrFull].
func (t *Table[C]) Granted(ctx context.Context, grant string, c Client) (*State[C], error) {
	k := key{who: c.Who, grant: grant}
	t.mu.Lock()
	s, expired := t.find(k, c.Who)
	t.mu.Unlock()
	t.finish(ctx, expired)
	if s != nil {
		return s, nil
	}
	return t.add(ctx, k, c)
}

// find is a state that is who's. One that has expired is taken out and given
// back as such.
func (t *Table[C]) find(k key, who string) (found, expired *State[C]) {
	s := t.states[k]
	if s == nil || s.Who != who {
		return nil, nil
	}
	now := time.Now()
	if t.idle(s, now) {
		t.remove(s)
		return nil, s
	}
	s.last = now
	return s, nil
}

func (t *Table[C]) idle(s *State[C], now time.Time) bool { return now.Sub(s.last) >= t.config.Idle }

// add puts a state in, unless one was put there meanwhile.
func (t *Table[C]) add(ctx context.Context, k key, c Client) (*State[C], error) {
	t.mu.Lock()
	s, out, err := t.insert(&State[C]{Client: c, key: k, last: time.Now()})
	t.mu.Unlock()
	t.finish(ctx, out)
	return s, err
}

// insert makes room among the states of the same owner, never at another's
// expense.
func (t *Table[C]) insert(s *State[C]) (present, out *State[C], err error) {
	if other := t.states[s.key]; other != nil {
		return other, nil, nil
	}
	if len(t.whose[s.Who]) >= t.config.PerWho {
		out = oldest(t.whose[s.Who])
		t.remove(out)
	}
	if len(t.states) >= t.config.Total {
		return nil, out, ErrFull
	}
	t.states[s.key] = s
	if t.whose[s.Who] == nil {
		t.whose[s.Who] = map[key]*State[C]{}
	}
	t.whose[s.Who][s.key] = s
	return s, out, nil
}

func oldest[C Conversation](states map[key]*State[C]) *State[C] {
	var found *State[C]
	for _, s := range states {
		if found == nil || s.last.Before(found.last) {
			found = s
		}
	}
	return found
}

func (t *Table[C]) remove(s *State[C]) {
	delete(t.states, s.key)
	delete(t.whose[s.Who], s.key)
	if len(t.whose[s.Who]) == 0 {
		delete(t.whose, s.Who)
	}
}

// Len is how many states there are, idle ones that were not swept included.
func (t *Table[C]) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.states)
}
