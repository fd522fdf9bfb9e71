package idp

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// processKey is made once: a fresh RSA key for every provider would cost more
// than everything the provider does.
var processKey = sync.OnceValues(func() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, 2048)
})

// DefaultKey returns the signing key of providers configured without one, the
// same for the whole process. The first call makes it; call it before the clock
// matters.
func DefaultKey() (*rsa.PrivateKey, error) { return processKey() }

// signer makes ID tokens with one RSA key.
type signer struct {
	key    *rsa.PrivateKey
	public publicKey
}

// publicKey is an RSA verification key as a JWK, RFC 7518 §6.3.1.
type publicKey struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

func newSigner(key *rsa.PrivateKey) signer {
	n := base64.RawURLEncoding.EncodeToString(key.N.Bytes())
	e := base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes())
	// The thumbprint of RFC 7638 §3: members in this order, no white space.
	sum := sha256.Sum256([]byte(`{"e":"` + e + `","kty":"RSA","n":"` + n + `"}`))
	id := base64.RawURLEncoding.EncodeToString(sum[:])
	return signer{key: key, public: publicKey{Type: "RSA", Use: "sig", Algorithm: "RS256", ID: id, Modulus: n, Exponent: e}}
}

func (s signer) sign(claims jwt.MapClaims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = s.public.ID
	signed, err := token.SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("sign an ID token: %w", err)
	}
	return signed, nil
}
