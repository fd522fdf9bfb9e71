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
	key              *rsa.PrivateKey
	id               string
	issuer, audience string

	mu     sync.Mutex
	signed map[string]signedToken // by grant
}

type signedToken struct {
	token string
	until time.Time
}

func newSigner(key *rsa.PrivateKey, issuer, audience string) *signer {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &signer{key: key, id: base64.RawURLEncoding.EncodeToString(sum[:16]), issuer: issuer, audience: audience, signed: map[string]signedToken{}}
}

// person is the application token of somebody who signed in, for a grant or a
// browser session that ends at a time.
func (s *signer) person(who Identity, grant string, ends time.Time) (string, error) {
	return s.reuse(grant, ends, jwt.MapClaims{
		"sub": who.Subject, "email": who.Email, "identity_nonce": opaque("")[:16], "grant": grant,
	})
}

// service is the application token of a machine.
func (s *signer) service(clientID string) (string, error) {
	grant := "service:" + clientID
	return s.reuse(grant, time.Now().Add(assertionLife), jwt.MapClaims{"sub": "", "common_name": clientID, "grant": grant})
}

func (s *signer) reuse(grant string, ends time.Time, claims jwt.MapClaims) (string, error) {
	now := time.Now()
	s.mu.Lock()
	kept, ok := s.signed[grant]
	s.mu.Unlock()
	if ok && kept.until.Sub(now) > assertionSpare {
		return kept.token, nil
	}
	until := now.Add(assertionLife)
	if ends.Before(until) {
		until = ends
	}
	claims["iss"], claims["aud"], claims["type"] = s.issuer, []string{s.audience}, "app"
	claims["iat"], claims["nbf"], claims["exp"] = now.Unix(), now.Unix(), until.Unix()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = s.id
	text, err := token.SignedString(s.key)
	if err != nil {
		return "", err
	}
	s.keep(grant, signedToken{text, until})
	return text, nil
}

func (s *signer) keep(grant string, t signedToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for g, old := range s.signed {
		if !time.Now().Before(old.until) {
			delete(s.signed, g)
		}
	}
	s.signed[grant] = t
}

// certs publishes the keys that verify application tokens.
func (a *Access) certs(w http.ResponseWriter, _ *http.Request) {
	pub := &a.signer.key.PublicKey
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		serverError.write(w)
		return
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	cert := map[string]string{"kid": a.signer.id, "cert": block}
	answerJSON(w, http.StatusOK, map[string]any{
		"keys": []map[string]string{{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": a.signer.id,
			"n": base64.RawURLEncoding.EncodeToString(pub.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(pub.E)).Bytes()),
		}},
		"public_cert": cert, "public_certs": []map[string]string{cert},
	})
}
