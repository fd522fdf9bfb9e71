package assertion_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/portico-mcp/portico/reference/portal/assertion"
)

const (
	issuerURL = "https://portal.example"
	audience  = "portal-audience"
	certsURL  = issuerURL + "/cdn-cgi/access/certs"
)

// signingKeys are made once: the current key, the next one, and a stranger's.
var signingKeys = sync.OnceValue(func() [3]*rsa.PrivateKey {
	var keys [3]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

func TestMain(m *testing.M) {
	signingKeys() // before any bubble
	m.Run()
}

// issuer publishes a key set that a test can change, in memory.
type issuer struct {
	mu      sync.Mutex
	keys    []map[string]any
	answer  http.HandlerFunc // instead of the key set; nil: none
	delay   time.Duration
	fetches atomic.Int32
}

func newIssuer() *issuer { return &issuer{keys: []map[string]any{publicJWK("k1", 0)}} }

func (i *issuer) RoundTrip(req *http.Request) (*http.Response, error) {
	i.fetches.Add(1)
	i.mu.Lock()
	keys, answer, delay := i.keys, i.answer, i.delay
	i.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	w := httptest.NewRecorder()
	if answer != nil {
		answer(w, req)
	} else {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
	}
	res := w.Result()
	res.Request = req
	return res, nil
}

func (i *issuer) publish(keys ...map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

func (i *issuer) answerWith(h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = h
}

func (i *issuer) verifier() *assertion.Verifier {
	return assertion.New(assertion.Config{Issuer: issuerURL, Audience: audience, CertsURL: certsURL, HTTP: &http.Client{Transport: i}})
}

func publicJWK(kid string, key int) map[string]any {
	pub := signingKeys()[key].PublicKey
	return map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
		"n": base64.RawURLEncoding.EncodeToString(pub.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(pub.E)).Bytes()),
	}
}

// person are the claims of a good token at this moment.
func person() jwt.MapClaims {
	now := time.Now().Unix()
	return jwt.MapClaims{
		"iss": issuerURL, "aud": []string{audience}, "sub": "alice-1", "email": "alice@example.com", "type": "app",
		"iat": now, "nbf": now, "exp": now + 900, "identity_nonce": "n", "grant": "g-1",
	}
}

func service() jwt.MapClaims {
	now := time.Now().Unix()
	return jwt.MapClaims{
		"iss": issuerURL, "aud": []string{audience}, "sub": "", "type": "app",
		"iat": now, "exp": now + 900, "common_name": "client-1", "grant": "service:client-1",
	}
}

func with(c jwt.MapClaims, changes map[string]any) jwt.MapClaims {
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

// sign makes a token with the key of this number under this kid.
func sign(t *testing.T, kid string, key int, c jwt.MapClaims) string {
	t.Helper()
	return signWith(t, map[string]any{"kid": kid}, key, c)
}

func signWith(t *testing.T, header map[string]any, key int, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	for name, value := range header {
		token.Header[name] = value
	}
	text, err := token.SignedString(signingKeys()[key])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// signRaw signs header and payload as they are written.
func signRaw(t *testing.T, header, payload string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sig, err := jwt.SigningMethodRS256.Sign(text, signingKeys()[0])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
