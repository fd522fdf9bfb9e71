package idp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"sync"
	"time"
)

// store keeps values under names nobody can guess, each for the same lifetime.
// Of a name it has a digest only.
type store[V any] struct {
	lifetime time.Duration
	clock    *clock

	mu     sync.Mutex
	values map[string]kept[V] // by digest
}

type kept[V any] struct {
	value   V
	expires time.Time
}

func newStore[V any](lifetime time.Duration, c *clock) *store[V] {
	return &store[V]{lifetime: lifetime, clock: c, values: map[string]kept[V]{}}
}

// digest is what is kept of a name. Names are random, so that nothing slower is
// needed.
func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// put keeps v and returns its name: at least 128 random bits. What has expired
// is dropped on the way, so that the store needs no goroutine.
func (s *store[V]) put(v V) string {
	name, now := rand.Text(), s.clock.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, k := range s.values {
		if !now.Before(k.expires) {
			delete(s.values, other)
		}
	}
	s.values[digest(name)] = kept[V]{value: v, expires: now.Add(s.lifetime)}
	return name
}

// restore keeps a value again, under the digest of its name.
func (s *store[V]) restore(digest string, k kept[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[digest] = k
}

func (s *store[V]) get(name string) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.values[digest(name)]
	if !ok || !s.clock.now().Before(k.expires) {
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
	_, still := s.values[digest(name)]
	delete(s.values, digest(name))
	return v, ok && still
}

// all are the values that have not expired, by the digest of their name.
func (s *store[V]) all() map[string]kept[V] {
	now := s.clock.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	living := maps.Clone(s.values)
	maps.DeleteFunc(living, func(_ string, k kept[V]) bool { return !now.Before(k.expires) })
	return living
}

func (s *store[V]) drop(which func(V) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.values, func(_ string, k kept[V]) bool { return which(k.value) })
}
