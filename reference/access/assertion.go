package access

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// assertionHeader carries the application token to the portal.
const assertionHeader = "Cf-Access-Jwt-Assertion"

const (
	assertionLife  = time.Hour
	assertionSpare = 5 * time.Minute // signed anew when less is left
)

// signer makes application tokens: RS256, one per grant at a time, since a
// signature costs more than a whole proxied call.
type signer struct {
	issuer, audience string

	mu     sync.Mutex
	pair   pair
	signed map[string]*signedToken // by grant
	swept  time.Time
}

// announced is how long a new key is published before it signs: whoever
// verifies application tokens fetches unknown keys no more often.
const announced = 10 * time.Second

// pair is the published keys: the newest, and the one before it.
type pair struct {
	newest *rsa.PrivateKey
	before *rsa.PublicKey // nil: none
	ids    [2]string      // of newest and before; "": none

	retiring *rsa.PrivateKey // of before; nil: it was configured, or there is none
	signs    time.Time       // from here on newest signs, until then retiring
}

func newPair(newest *rsa.PrivateKey, before *rsa.PublicKey) pair {
	p := pair{newest: newest, before: before, ids: [2]string{keyID(&newest.PublicKey)}}
	if before != nil {
		p.ids[1] = keyID(before)
	}
	return p
}

// signing is the key that signs now, and its id.
func (p pair) signing(now time.Time) (*rsa.PrivateKey, string) {
	if p.retiring != nil && now.Before(p.signs) {
		return p.retiring, p.ids[1]
	}
	return p.newest, p.ids[0]
}

// publishes says whether what a key signed can still be verified.
func (p pair) publishes(kid string) bool { return kid == p.ids[0] || kid == p.ids[1] }

// rotate puts a key in the place of the newest.
func (s *signer) rotate(key *rsa.PrivateKey, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key == nil || key.Equal(s.pair.newest) {
		return
	}
	old := s.pair.newest
	s.pair = newPair(key, &old.PublicKey)
	s.pair.retiring, s.pair.signs = old, now.Add(announced)
}

func (s *signer) keys() pair {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pair
}

// drop forgets the tokens of grants that ended.
func (s *signer) drop(grants []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range grants {
		delete(s.signed, g)
	}
}

// signedToken has a lock of its own, so that calls of one grant that come at
// once wait for one signature, and other grants for none.
type signedToken struct {
	mu    sync.Mutex
	token string
	by    string // the id of the key
	until time.Time
}

func newSigner(key *rsa.PrivateKey, before *rsa.PublicKey, issuer, audience string) *signer {
	return &signer{pair: newPair(key, before), issuer: issuer, audience: audience, signed: map[string]*signedToken{}}
}

// person is the application token of somebody who signed in, for a grant or a
// browser session that ends at a time.
func (s *signer) person(who Identity, grant string, ends time.Time) (string, error) {
	return s.reuse(grant, ends, func() jwt.MapClaims {
		return jwt.MapClaims{"sub": who.Subject, "email": who.Email, "identity_nonce": opaque("")[:16]}
	})
}

// service is the application token of a machine.
func (s *signer) service(clientID string) (string, error) {
	return s.reuse("service:"+clientID, time.Now().Add(assertionLife), func() jwt.MapClaims {
		return jwt.MapClaims{"sub": "", "common_name": clientID}
	})
}

// reuse gives the token that was signed for a grant, or signs one if the time
// left runs short and a new one would last longer.
func (s *signer) reuse(grant string, ends time.Time, claims func() jwt.MapClaims) (string, error) {
	now := time.Now()
	until := now.Add(assertionLife)
	if ends.Before(until) {
		until = ends
	}
	kept, keys := s.of(grant, now)
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if now.Before(kept.until) && keys.publishes(kept.by) && (kept.until.Sub(now) > assertionSpare || !until.After(kept.until)) {
		return kept.token, nil
	}
	c := claims()
	c["iss"], c["aud"], c["type"], c["grant"] = s.issuer, []string{s.audience}, "app", grant
	c["iat"], c["nbf"], c["exp"] = now.Unix(), now.Unix(), until.Unix()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	key, id := keys.signing(now)
	token.Header["kid"] = id
	text, err := token.SignedString(key)
	if err != nil {
		return "", err
	}
	kept.token, kept.by, kept.until = text, id, until
	return text, nil
}

// of gives the place of a grant's token and the keys there are, and now and then
// drops the tokens whose time has passed; one that is being signed is left alone.
func (s *signer) of(grant string, now time.Time) (*signedToken, pair) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) >= sweepEvery {
		s.swept = now
		for g, old := range s.signed {
			if old.mu.TryLock() {
				if !old.until.IsZero() && !now.Before(old.until) {
					delete(s.signed, g)
				}
				old.mu.Unlock()
			}
		}
	}
	kept := s.signed[grant]
	if kept == nil {
		kept = &signedToken{}
		s.signed[grant] = kept
	}
	return kept, s.pair
}

// certs publishes the keys that verify application tokens: the current one, and
// after a rotation the one before.
func (a *Access) certs(w http.ResponseWriter, _ *http.Request) {
	p := a.signer.keys()
	published := []*rsa.PublicKey{&p.newest.PublicKey}
	if p.before != nil {
		published = append(published, p.before)
	}
	var keys, certs []map[string]string
	for _, key := range published {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			serverError.write(w)
			return
		}
		block := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		keys, certs = append(keys, jwk(key)), append(certs, map[string]string{"kid": keyID(key), "cert": block})
	}
	answerJSON(w, http.StatusOK, map[string]any{"keys": keys, "public_cert": certs[0], "public_certs": certs})
}

// jwk is a key as RFC 7518 §6.3.1 writes it.
func jwk(key *rsa.PublicKey) map[string]string {
	return map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID(key),
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

// keyID is the same for a key wherever it is published, before and after a
// rotation.
func keyID(key *rsa.PublicKey) string {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(key))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
