package idp

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Store keeps one document over a restart. It holds private keys.
type Store interface {
	Load() ([]byte, error) // nil, nil: nothing was saved yet
	Save([]byte) error     // replaces what was saved; never called twice at once
}

// ErrStore is returned for what a Store has and nobody can read, or would not
// give.
var ErrStore = errors.New("what the identity provider has stored")

// documentVersion is that of the stored document; another one is not read.
const documentVersion = 1

// document is what outlives the process. Session cookies are in it as digests.
// Login pages, codes and access tokens are not.
type document struct {
	Version  int                      `json:"version"`
	Key      []byte                   `json:"key,omitempty"` // PKCS #8; empty: it is configured
	Retired  []storedKey              `json:"retired,omitempty"`
	Sessions map[string]storedSession `json:"sessions"` // by the digest of the cookie
}

type storedKey struct {
	Public  publicKey `json:"public"`
	Expires time.Time `json:"expires"`
}

type storedSession struct {
	Subject  string    `json:"subject"`
	SignedIn time.Time `json:"signed_in"`
	Expires  time.Time `json:"expires"`
}

// keeper saves the state after each change. The state is read and saved under
// one lock, so that an older one never replaces a newer.
type keeper struct {
	store Store // nil: nothing is kept
	state func() (document, error)

	mu    sync.Mutex
	saved []byte // what the store has
	err   error  // of the last Save
}

// keep saves the state if it is not what the store has. When it returns, every
// change made before it was called is saved, or the error is remembered.
func (k *keeper) keep() {
	if k.store == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now, err := k.marshal()
	if err == nil && bytes.Equal(now, k.saved) {
		return
	}
	if err == nil {
		err = k.store.Save(now)
	}
	if k.err = err; err == nil {
		k.saved = now
	} else {
		k.saved = nil // who knows what the store has now
	}
}

func (k *keeper) marshal() ([]byte, error) {
	d, err := k.state()
	if err != nil {
		return nil, err
	}
	return json.Marshal(d)
}

func (k *keeper) failure() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

// StoreError is why the last change could not be saved; nil if it was, or if
// there is no Store. Requests are answered all the same, and the next change
// tries again.
func (p *Provider) StoreError() error { return p.keeper.failure() }

func (p *Provider) state() (document, error) {
	d := document{Version: documentVersion, Sessions: map[string]storedSession{}}
	for name, kept := range p.sessions.all() {
		d.Sessions[name] = storedSession{
			Subject:  kept.value.person.Subject,
			SignedIn: p.clock.real(kept.value.signedIn).UTC(),
			Expires:  p.clock.real(kept.expires).UTC(),
		}
	}
	if p.keyGiven {
		return d, nil
	}
	p.keys.mu.Lock()
	defer p.keys.mu.Unlock()
	for _, r := range p.keys.living() {
		d.Retired = append(d.Retired, storedKey{r.public, p.clock.real(r.expires).UTC()})
	}
	var err error
	d.Key, err = x509.MarshalPKCS8PrivateKey(p.keys.current.key)
	return d, err
}

// read reads what a store has; nothing is the empty document.
func read(s Store) (document, error) {
	var d document
	if s == nil {
		return d, nil
	}
	raw, err := s.Load()
	if err != nil {
		return d, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if raw == nil {
		return d, nil
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if d.Version != documentVersion {
		return d, fmt.Errorf("%w: version %d; this program reads version %d", ErrStore, d.Version, documentVersion)
	}
	return d, nil
}

// signingKey is the stored key, or without one the key of the process.
func (d document) signingKey() (*rsa.PrivateKey, error) {
	if len(d.Key) == 0 {
		key, err := DefaultKey()
		if err != nil {
			return nil, fmt.Errorf("make the identity provider's key: %w", err)
		}
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(d.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: the signing key: %w", ErrStore, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: the signing key is no RSA key", ErrStore)
	}
	return key, nil
}

// resume takes the stored sessions back, of those people that are still known,
// and the keys that were replaced before.
func (p *Provider) resume(d document) {
	for name, s := range d.Sessions {
		if person, ok := p.people[s.Subject]; ok && person.Subject == s.Subject {
			p.sessions.restore(name, kept[session]{value: session{person: person, signedIn: s.SignedIn}, expires: s.Expires})
		}
	}
	if p.keyGiven {
		return
	}
	for _, r := range d.Retired {
		p.keys.retired = append(p.keys.retired, retiredKey{r.Public, r.Expires})
	}
}
