package idp

import (
	"crypto/rand"
	"sync"
	"time"
)

// store keeps values under names nobody can guess, each for the same lifetime.
type store[V any] struct {
	lifetime time.Duration

	mu     sync.Mutex
	values map[string]kept[V]
}

type kept[V any] struct {
	value   V
	expires time.Time
}

func newStore[V any](lifetime time.Duration) *store[V] {
	return &store[V]{lifetime: lifetime, values: map[string]kept[V]{}}
}

// put keeps v and returns its name: at least 128 random bits. What has expired
// is dropped on the way, so that the store needs no goroutine.
func (s *store[V]) put(v V) string {
	name, now := rand.Text(), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, k := range s.values {
		if !now.Before(k.expires) {
			delete(s.values, other)
		}
	}
	s.values[name] = kept[V]{value: v, expires: now.Add(s.lifetime)}
	return name
}

func (s *store[V]) get(name string) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.values[name]
	if !ok || !time.Now().Before(k.expires) {
		var none V
		return none, false
	}
	return k.value, true
}

// take is get and drop in one: of several callers one wins.
func (s *store[V]) take(name string) (V, bool) {
	v, ok := s.get(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, still := s.values[name]
	delete(s.values, name)
	return v, ok && still
}
