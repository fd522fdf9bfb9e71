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
func (s *shelf[T]) put(name string, thing T) bool { return s.putFor(name, thing, s.life) }

// putFor is put with a life of its own; a name that is there already is kept
// anew.
func (s *shelf[T]) putFor(name string, thing T, life time.Duration) bool {
	return s.putUntil(name, thing, time.Now().Add(life))
}

// putUntil is putFor with the time at which the life ends.
func (s *shelf[T]) putUntil(name string, thing T, until time.Time) bool {
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
	if _, known := s.items[name]; !known && len(s.items) >= s.max {
		return false
	}
	s.items[name] = item[T]{thing, until}
	return true
}

// get gives the thing of that name, if its time has not passed.
func (s *shelf[T]) get(name string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alive(name)
}

// take is get, once: of many that ask for the same thing one is given it. What
// does not fit stays; fits is called with the shelf locked.
func (s *shelf[T]) take(name string, fits func(T) bool) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	thing, ok := s.alive(name)
	if !ok || !fits(thing) {
		var none T
		return none, false
	}
	delete(s.items, name)
	return thing, true
}

// all are the things whose time has not passed, in no order.
func (s *shelf[T]) all() []item[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, all := time.Now(), []item[T]{}
	for _, i := range s.items {
		if now.Before(i.until) {
			all = append(all, i)
		}
	}
	return all
}

// dropAll forgets the things that fit, and gives them; fits is called with the
// shelf locked.
func (s *shelf[T]) dropAll(fits func(T) bool) (dropped []T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, i := range s.items {
		if fits(i.thing) {
			delete(s.items, name)
			dropped = append(dropped, i.thing)
		}
	}
	return dropped
}

// drop forgets a thing.
func (s *shelf[T]) drop(name string) {
	s.mu.Lock()
	delete(s.items, name)
	s.mu.Unlock()
}

func (s *shelf[T]) alive(name string) (T, bool) {
	i, ok := s.items[name]
	if !ok || !time.Now().Before(i.until) {
		var none T
		return none, false
	}
	return i.thing, true
}
