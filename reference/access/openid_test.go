package access_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/access"
)

// openIDProvider is an OpenID Provider as the front door sees it: it asks
// nobody, and can be told to answer wrongly.
type openIDProvider struct {
	issuer   string
	key      *rsa.PrivateKey
	down     bool
	spoil    func(jwt.MapClaims)
	alter    func(string) string // the signed token
	nonce    string              // of the last authorization request
	verifier string              // of the last token request
	asked    url.Values
}

func (p *openIDProvider) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if p.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return w.Result(), nil
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token", "jwks_uri": p.issuer + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	case "/token":
		_ = r.ParseForm()
		p.verifier = r.PostForm.Get("code_verifier")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.token()})
	case "/keys":
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig",
			"n": base64.RawURLEncoding.EncodeToString(p.key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(p.key.E)).Bytes()),
		}}})
	}
	return w.Result(), nil
}

func (p *openIDProvider) token() string {
	claims := jwt.MapClaims{
		"iss": p.issuer, "aud": "portico", "sub": "00u-alice", "email": "Alice@Town.example", "email_verified": true, "name": "Alice",
		"nonce": p.nonce, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	if p.spoil != nil {
		p.spoil(claims)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "k"
	text, err := token.SignedString(p.key)
	if err != nil {
		panic(err)
	}
	if p.alter != nil {
		return p.alter(text)
	}
	return text
}

// openWith is a door whose people sign in at the provider.
func openWith(t *testing.T, p *openIDProvider, seen *access.Identity) *door {
	t.Helper()
	p.issuer = "https://idp.example"
	p.key, _ = access.DefaultKey()
	a, err := access.New(access.Config{
		Origin: origin, Audience: "portal", OIDC: access.OIDCConfig{Issuer: p.issuer, ClientID: "portico", ClientSecret: "s3cret"},
		HTTP: &http.Client{Transport: p}, Next: http.NotFoundHandler(),
		Allow: func(who access.Identity) bool { *seen = who; return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	return &door{Access: a, cookies: map[string]string{}}
}

// visit goes to the provider and back with a code.
func (d *door) visit(t *testing.T, p *openIDProvider) *http.Response {
	t.Helper()
	p.asked = location(t, d.form("/oauth/consent", d.consent(t, request(d.register(t))), true)).Query()
	p.nonce = p.asked.Get("nonce")
	return d.send("GET", access.CallbackPath+"?code=x&state="+p.asked.Get("state"), nil, "", true)
}

func TestAPersonSignsInWithOpenIDConnect(t *testing.T) {
	p, who := &openIDProvider{}, access.Identity{}
	d := openWith(t, p, &who)
	if to := location(t, d.visit(t, p)); to.Path != "/servers" {
		t.Errorf("sent to %s", to)
	}
	if diff := cmp.Diff(access.Identity{Subject: "00u-alice", Email: "alice@town.example", Name: "Alice"}, who); diff != "" {
		t.Error(diff)
	}
	sum := sha256.Sum256([]byte(p.verifier))
	got := map[string]string{}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "code_challenge_method", "code_challenge"} {
		got[name] = p.asked.Get(name)
	}
	want := map[string]string{
		"client_id": "portico", "redirect_uri": origin + access.CallbackPath, "response_type": "code", "code_challenge_method": "S256",
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(p.asked.Get("scope"), "openid") || p.nonce == "" {
		t.Errorf("asked with %v", p.asked)
	}
}

func TestAnIDTokenIsRefused(t *testing.T) {
	strange, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]openIDProvider{
		"of another issuer":   {spoil: func(c jwt.MapClaims) { c["iss"] = "https://evil.example" }},
		"for another client":  {spoil: func(c jwt.MapClaims) { c["aud"] = "other" }},
		"that has expired":    {spoil: func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Hour).Unix() }},
		"with another nonce":  {spoil: func(c jwt.MapClaims) { c["nonce"] = "other" }},
		"without a nonce":     {spoil: func(c jwt.MapClaims) { delete(c, "nonce") }},
		"without a subject":   {spoil: func(c jwt.MapClaims) { c["sub"] = "" }},
		"of a huge subject":   {spoil: func(c jwt.MapClaims) { c["sub"] = strings.Repeat("x", 256) }},
		"that is none":        {alter: func(string) string { return "" }},
		"without a signature": {alter: func(s string) string { return s[:strings.LastIndexByte(s, '.')+1] }},
		"signed by a stranger": {alter: func(s string) string {
			token, _, _ := jwt.NewParser().ParseUnverified(s, jwt.MapClaims{})
			forged, _ := token.SignedString(strange)
			return forged
		}},
		"signed with nothing": {alter: func(s string) string {
			token, _, _ := jwt.NewParser().ParseUnverified(s, jwt.MapClaims{})
			forged, _ := jwt.NewWithClaims(jwt.SigningMethodNone, token.Claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
			return forged
		}},
	}
	for name, p := range cases {
		who := access.Identity{}
		d := openWith(t, &p, &who)
		res := d.visit(t, &p)
		if got := location(t, res).Query(); got.Get("error") != "server_error" || got.Has("code") || who.Subject != "" {
			t.Errorf("%s: sent back with %v, policy saw %v", name, got, who)
		}
		for _, c := range res.Cookies() {
			if c.Name == "__Host-access" {
				t.Errorf("%s: the browser was given a session", name)
			}
		}
	}
}

func TestAPolicySeesNoUnverifiedEmail(t *testing.T) {
	cases := map[string]struct {
		verified any
		want     string
	}{
		"verified": {true, "alice@town.example"}, "unsaid": {nil, "alice@town.example"}, "unverified": {false, ""}, "a word": {"false", ""},
	}
	for name, c := range cases {
		p, who := openIDProvider{spoil: func(m jwt.MapClaims) {
			if m["email_verified"] = c.verified; c.verified == nil {
				delete(m, "email_verified")
			}
		}}, access.Identity{}
		d := openWith(t, &p, &who)
		d.visit(t, &p)
		if who.Subject != "00u-alice" || who.Email != c.want {
			t.Errorf("%s: the policy saw %+v", name, who)
		}
	}
}

func TestTheIdentityProviderIsAskedAgainAfterAFailure(t *testing.T) {
	p, who := &openIDProvider{down: true}, access.Identity{}
	d := openWith(t, p, &who)
	if res := d.send("GET", "/servers", nil, "", true); res.StatusCode != http.StatusBadGateway {
		t.Fatalf("while it is down: %d", res.StatusCode)
	}
	p.down = false
	if to := location(t, d.send("GET", "/servers", nil, "", true)); to.Host != "idp.example" {
		t.Errorf("sent to %s", to)
	}
}
