package assertion

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	fetchEvery = 10 * time.Second // an unknown kid causes at most one fetch in this time
	retryEvery = time.Second      // the same while no key set has been fetched yet
	freshFor   = 15 * time.Minute // a set older than this is fetched again before use
	usableFor  = 2 * time.Hour    // a set that cannot be renewed is used no longer than this
)

// keyError carries one of this package's errors through the JWT library.
type keyError struct{ err error }

func (e *keyError) Error() string { return e.err.Error() }

// keys is the issuer's key set, fetched when needed. One caller fetches, in its
// own goroutine; those who cannot do without the answer wait for it. The mutex
// is never held during a fetch.
type keys struct {
	url    string
	client *http.Client

	mu       sync.Mutex
	set      map[string]*rsa.PublicKey // by kid; replaced, never changed
	fetched  time.Time                 // when set arrived
	tried    time.Time                 // when the last fetch began
	failure  error                     // of the last fetch
	fetching chan struct{}             // closed when the fetch under way ends; nil: none
}

func newKeys(url string, c *http.Client) *keys {
	var client http.Client
	if c != nil {
		client = *c
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &keys{url: url, client: &client}
}

// find returns the key with this kid, after at most one fetch and at most one
// wait for somebody else's.
func (k *keys) find(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	key, wait, fetch := k.look(kid)
	switch {
	case fetch != nil:
		k.fetch(ctx, fetch)
	case wait != nil:
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, &keyError{ctx.Err()}
		}
	case key != nil:
		return key, nil
	}
	return k.settle(kid)
}

// look finds the key and decides what has to happen first: a fetch by the
// caller (who must close fetch), waiting, or nothing. A key that is known but
// no longer fresh is renewed by one caller while the others go on using it.
func (k *keys) look(kid string) (key *rsa.PublicKey, wait, fetch chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	key = k.usable(kid, now)
	if key != nil && now.Sub(k.fetched) < freshFor {
		return key, nil, nil
	}
	if k.fetching != nil {
		if key != nil {
			return key, nil, nil
		}
		return nil, k.fetching, nil
	}
	pause := fetchEvery
	if k.set == nil {
		pause = retryEvery
	}
	if !k.tried.IsZero() && now.Sub(k.tried) < pause {
		return key, nil, nil
	}
	k.tried, k.fetching = now, make(chan struct{})
	return key, nil, k.fetching
}

// settle answers from what is known now, without another fetch.
func (k *keys) settle(kid string) (*rsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if key := k.usable(kid, now); key != nil {
		return key, nil
	}
	if k.set == nil || now.Sub(k.fetched) >= usableFor {
		return nil, &keyError{fmt.Errorf("%w: key set: %w", ErrUnavailable, k.failure)}
	}
	return nil, &keyError{fmt.Errorf("%w: signed with an unknown key", ErrInvalid)}
}

func (k *keys) usable(kid string, now time.Time) *rsa.PublicKey {
	if now.Sub(k.fetched) >= usableFor {
		return nil
	}
	return k.set[kid]
}

// fetch renews the set and wakes those who wait. A failed fetch leaves the last
// good set in place. It outlives the caller's cancellation, because others may
// be waiting for it; its own time limit ends it.
func (k *keys) fetch(ctx context.Context, done chan struct{}) {
	set, err := map[string]*rsa.PublicKey(nil), errors.New("the fetch was cut short")
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.failure = err; err == nil {
			k.set, k.fetched = set, time.Now()
		}
		k.fetching = nil
		close(done)
	}()
	set, err = fetchSet(context.WithoutCancel(ctx), k.client, k.url)
}
