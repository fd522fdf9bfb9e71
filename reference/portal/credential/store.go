package credential

import (
	"context"
	"sync"
)

// Store keeps grants. Swap compares before it writes, so that a renewal that
// comes late neither brings back what its owner disconnected nor overwrites a
// newer consent, also when several portals share a store. A store outside the
// process must encrypt what it keeps.
type Store interface {
	// Load returns the grant at key; the zero Grant if there is none.
	Load(ctx context.Context, key Key) (Grant, error)
	// Swap puts next (the zero Grant: nothing) in the place of the grant whose
	// ID is old ("": none) and reports whether that was what it found.
	Swap(ctx context.Context, key Key, old string, next Grant) (bool, error)
}

// memory is the store of a portal without one.
type memory struct {
	mu     sync.Mutex
	grants map[Key]Grant
}

func newMemory() *memory { return &memory{grants: map[Key]Grant{}} }

func (m *memory) Load(_ context.Context, key Key) (Grant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.grants[key], nil
}

func (m *memory) Swap(_ context.Context, key Key, old string, next Grant) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.grants[key].ID != old {
		return false, nil
	}
	if next.ID == "" {
		delete(m.grants, key)
	} else {
		m.grants[key] = next
	}
	return true, nil
}
