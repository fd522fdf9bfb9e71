package access

import (
	"sync"
	"time"
)

// shelf keeps things for a while, bounded in time and in number. What is full
// refuses: nothing that lives is thrown out for a stranger.
type shelf[T any] struct {
	life time.Duration
	max  int

	mu    sync.Mutex
	items map[string]item[T]
}

type item[T any] struct {
	thing T
	until time.Time
}

func newShelf[T any](life time.Duration, max int) *shelf[T] {
	return &shelf[T]{life: life, max: max, items: map[string]item[T]{}}
}

// put keeps a thing under a name and says whether there was room.
func (s *shelf[T]) put(name string, thing T) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if len(s.items) >= s.max {
		for n, i := range s.items {
			if !now.Before(i.until) {
				delete(s.items, n)
			}
		}
	}
	if len(s.items) >= s.max {
		return false
	}
	s.items[name] = item[T]{thing, now.Add(s.life)}
	return true
}

// get gives the thing of that name, if its time has not passed.
func (s *shelf[T]) get(name string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.items[name]
	if !ok || !time.Now().Before(i.until) {
		var none T
		return none, false
	}
	return i.thing, true
}

// take is get, once.
func (s *shelf[T]) take(name string) (T, bool) {
	thing, ok := s.get(name)
	s.mu.Lock()
	delete(s.items, name)
	s.mu.Unlock()
	return thing, ok
}
