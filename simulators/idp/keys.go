package idp

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keys are the one that signs, and those that it replaced: a token signed
// before is good to its end.
type keys struct {
	clock *clock

	mu      sync.Mutex
	current signer
	retired []retiredKey // oldest first
}

// retiredKey is a key that signs no more.
type retiredKey struct {
	public  publicKey
	expires time.Time // the last token it signed has expired
}

func (k *keys) sign(claims jwt.MapClaims) (string, error) {
	k.mu.Lock()
	current := k.current
	k.mu.Unlock()
	return current.sign(claims)
}

func (k *keys) replace(next signer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.retired = append(k.living(), retiredKey{public: k.current.public, expires: k.clock.now().Add(tokenLifetime)})
	k.current = next
}

// living are the retired keys that a token may still need. The caller holds the
// lock.
func (k *keys) living() []retiredKey {
	now := k.clock.now()
	return slices.DeleteFunc(slices.Clone(k.retired), func(r retiredKey) bool { return !now.Before(r.expires) })
}

// published are the keys of the key set, RFC 7517 §5, the one that signs first.
func (k *keys) published() []publicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := []publicKey{k.current.public}
	for _, r := range k.living() {
		all = append(all, r.public)
	}
	return all
}

// Rotate makes a new RSA key of 2048 bits, which signs from now on. Each key it
// replaces stays in the key set as long as a token that it signed can be good,
// one hour. The error says that no key could be made; then nothing has changed.
//
// With a Config.Key the new one is lost with the process.
func (p *Provider) Rotate() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make the identity provider's next key: %w", err)
	}
	p.keys.replace(newSigner(key))
	p.keeper.keep()
	return nil
}
