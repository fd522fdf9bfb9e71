package assertion

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	maxCached  = 4096        // verified tokens remembered at once
	cacheFor   = time.Minute // longest time a verified token is not looked at again
	evictShare = 4           // a full cache with nothing expired drops one in this many
)

type hash [sha256.Size]byte

// hashOf keys the cache. It covers the whole token, signature included, so that
// two spellings of one token never share an entry.
func hashOf(token string) hash { return sha256.Sum256([]byte(token)) }

type entry struct {
	id    Identity
	until time.Time
}

// cache remembers verified tokens by hash; the tokens themselves are not kept.
type cache struct {
	mu      sync.RWMutex
	entries map[hash]entry
}

func newCache() *cache { return &cache{entries: map[hash]entry{}} }

func (c *cache) get(h hash, now time.Time) (Identity, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.entries[h]
	if !ok || !now.Before(e.until) {
		return Identity{}, false
	}
	return e.id, true
}

// put remembers id until its exp or for cacheFor, whichever is sooner. A token
// within its leeway is past its exp already and is therefore not remembered.
func (c *cache) put(h hash, id Identity, now time.Time) {
	until := now.Add(cacheFor)
	if id.Expires.Before(until) {
		until = id.Expires
	}
	if !now.Before(until) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxCached {
		c.evict(now)
	}
	c.entries[h] = entry{id, until}
}

// evict drops what has expired and, if that frees nothing, an arbitrary share.
func (c *cache) evict(now time.Time) {
	for h, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, h)
		}
	}
	if len(c.entries) < maxCached {
		return
	}
	surplus := maxCached / evictShare
	for h := range c.entries {
		if surplus == 0 {
			return
		}
		delete(c.entries, h)
		surplus--
	}
}
