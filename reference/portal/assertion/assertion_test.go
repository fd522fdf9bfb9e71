package assertion_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/assertion"
)

func TestVerifyAccepts(t *testing.T) {
	at := func(delta time.Duration) int64 { return time.Now().Add(delta).Unix() }
	cases := map[string]struct {
		claims jwt.MapClaims
		want   assertion.Identity
	}{
		"a person":                    {person(), assertion.Identity{Subject: "alice-1", Email: "alice@example.com", Grant: "g-1"}},
		"a service token":             {service(), assertion.Identity{Service: "client-1", Grant: "service:client-1"}},
		"one audience as a string":    {with(person(), map[string]any{"aud": audience}), assertion.Identity{Subject: "alice-1", Email: "alice@example.com", Grant: "g-1"}},
		"another audience besides":    {with(service(), map[string]any{"aud": []string{"x", audience}}), assertion.Identity{Service: "client-1", Grant: "service:client-1"}},
		"exp within the leeway":       {with(service(), map[string]any{"exp": at(-20 * time.Second)}), assertion.Identity{Service: "client-1", Grant: "service:client-1"}},
		"nbf within the leeway":       {with(service(), map[string]any{"nbf": at(20 * time.Second)}), assertion.Identity{Service: "client-1", Grant: "service:client-1"}},
		"a fraction of a second":      {with(service(), map[string]any{"exp": float64(at(time.Minute)) + .5}), assertion.Identity{Service: "client-1", Grant: "service:client-1"}},
		"a subject with separators":   {with(person(), map[string]any{"sub": "a:b/c"}), assertion.Identity{Subject: "a:b/c", Email: "alice@example.com", Grant: "g-1"}},
		"a front door without grants": {with(person(), map[string]any{"grant": nil}), assertion.Identity{Subject: "alice-1", Email: "alice@example.com"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			i := newIssuer()
			got, err := i.verifier().Verify(t.Context(), sign(t, "k1", 0, c.claims))
			if err != nil {
				t.Fatal(err)
			}
			if got.Expires.IsZero() {
				t.Error("Expires is not set")
			}
			got.Expires = time.Time{}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVerifyRefusesClaims(t *testing.T) {
	at := func(delta time.Duration) int64 { return time.Now().Add(delta).Unix() }
	cases := map[string]map[string]any{
		"another issuer":            {"iss": "https://other.example"},
		"issuer with a slash":       {"iss": issuerURL + "/"},
		"issuer in capitals":        {"iss": "https://PORTAL.example"},
		"no issuer":                 {"iss": nil},
		"another audience":          {"aud": []string{"other"}},
		"a prefix of the audience":  {"aud": audience[:5]},
		"more than the audience":    {"aud": audience + "x"},
		"audience in capitals":      {"aud": strings.ToUpper(audience)},
		"no audience":               {"aud": nil},
		"a global session":          {"type": "org"},
		"no type":                   {"type": nil},
		"expired":                   {"exp": at(-31 * time.Second)},
		"no exp":                    {"exp": nil},
		"exp as a string":           {"exp": fmt.Sprint(at(time.Hour))},
		"negative exp":              {"exp": -1},
		"exp beyond all numbers":    {"exp": json.RawMessage("1e400")},
		"exp far too large":         {"exp": json.RawMessage("1e30")},
		"not valid yet":             {"nbf": at(time.Hour)},
		"issued in the future":      {"iat": at(time.Hour)},
		"neither person nor client": {"sub": ""},
		"person and client":         {"common_name": "client-1"},
		"a client with an email":    {"common_name": "client-1", "sub": ""},
		"a NUL in the subject":      {"sub": "alice\x00admin"},
		"a huge subject":            {"sub": strings.Repeat("a", 256)},
		"a line break in the grant": {"grant": "g\n1"},
		"a number as subject":       {"sub": 1},
	}
	for name, changes := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := newIssuer().verifier().Verify(t.Context(), sign(t, "k1", 0, with(person(), changes)))
			if !errors.Is(err, assertion.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			if expired := errors.Is(err, assertion.ErrExpired); expired != (name == "expired") {
				t.Errorf("ErrExpired = %v: %v", expired, err)
			}
		})
	}
}

func TestVerifyRefusesForms(t *testing.T) {
	good := sign(t, "k1", 0, person())
	parts := strings.Split(good, ".")
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	header := func(extra string) string { return `{"alg":"RS256","kid":"k1","typ":"JWT"` + extra + `}` }
	hmac := func(secret []byte) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, person())
		token.Header["kid"] = "k1"
		text, _ := token.SignedString(secret)
		return text
	}
	der, _ := x509.MarshalPKIXPublicKey(&signingKeys()[0].PublicKey)
	unsigned := func(alg string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+alg+`","kid":"k1"}`)) + "." + parts[1] + "."
	}
	cases := map[string]string{
		"alg none":                    unsigned("none"),
		"alg nOnE":                    unsigned("nOnE"),
		"empty alg":                   unsigned(""),
		"no signature":                parts[0] + "." + parts[1] + ".",
		"HS256 with the PEM":          hmac(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"HS256 with the DER":          hmac(der),
		"signed by a stranger":        sign(t, "k1", 2, person()),
		"claims of another token":     parts[0] + "." + strings.Split(sign(t, "k1", 0, service()), ".")[1] + "." + parts[2],
		"no kid":                      signRaw(t, `{"alg":"RS256"}`, string(payload)),
		"kid as a number":             signRaw(t, `{"alg":"RS256","kid":1}`, string(payload)),
		"kid with a path":             sign(t, "../../../dev/null", 0, person()),
		"kid with a NUL":              sign(t, "k1\x00", 0, person()),
		"crit":                        signRaw(t, header(`,"crit":["exp"]`), string(payload)),
		"b64":                         signRaw(t, header(`,"b64":false`), string(payload)),
		"an access token's typ":       signWith(t, map[string]any{"kid": "k1", "typ": "at+jwt"}, 0, person()),
		"alg twice":                   signRaw(t, header(`,"alg":"RS256"`), string(payload)),
		"kid twice but for case":      signRaw(t, header(`,"Kid":"k1"`), string(payload)),
		"sub twice":                   signRaw(t, header(""), strings.TrimSuffix(string(payload), "}")+`,"sub":"bob-1"}`),
		"aud twice":                   signRaw(t, header(""), strings.TrimSuffix(string(payload), "}")+`,"aud":"x"}`),
		"sub twice, folded":           signRaw(t, header(""), strings.TrimSuffix(string(payload), "}")+`,"ſub":"bob-1"}`),
		"claims in an array":          signRaw(t, header(""), "["+string(payload)+"]"),
		"text after the claims":       signRaw(t, header(""), string(payload)+"{}"),
		"padding":                     good + "=",
		"a line break inside":         parts[0] + "." + parts[1][:8] + "\n" + parts[1][8:] + "." + parts[2],
		"a line break in the end":     parts[0] + "." + parts[1] + "." + parts[2][:8] + "\n" + parts[2][8:],
		"the other alphabet":          strings.NewReplacer("-", "+", "_", "/").Replace(good) + "+",
		"a last character with spare": respell(good),
		"two parts":                   parts[0] + "." + parts[1],
		"five parts, as a JWE":        good + ".x.y",
		"a million dots":              strings.Repeat(".", 1e6),
		"no JWT at all":               "oauth:0123456789abcdef",
		"too long":                    sign(t, "k1", 0, with(person(), map[string]any{"x": strings.Repeat("A", 8<<10)})),
	}
	for name, token := range cases {
		t.Run(name, func(t *testing.T) {
			v := newIssuer().verifier()
			if _, err := v.Verify(t.Context(), good); err != nil {
				t.Fatal(err)
			}
			_, err := v.Verify(t.Context(), token)
			if !errors.Is(err, assertion.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			if len(token) > 20 && strings.Contains(err.Error(), token[:20]) {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
}

// respell changes bits of the last character that base64 decoding drops.
func respell(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last^1])
}

func TestVerifyIgnoresKeysInTheToken(t *testing.T) {
	i := newIssuer()
	for _, header := range []map[string]any{
		{"jku": "https://trap.example/keys"}, {"x5u": "https://trap.example/cert"}, {"jwk": publicJWK("k1", 2)}, {"x5c": []string{"AAAA"}},
	} {
		header["kid"] = "k1"
		if _, err := i.verifier().Verify(t.Context(), signWith(t, header, 2, person())); !errors.Is(err, assertion.ErrInvalid) {
			t.Errorf("%v: got %v, want ErrInvalid", header, err)
		}
	}
	if got := i.fetches.Load(); got != 4 {
		t.Errorf("%d fetches, want one of the issuer's set for each verifier", got)
	}
}

// What can be refused by its shape costs the issuer nothing.
func TestShapeIsJudgedBeforeKeys(t *testing.T) {
	i := newIssuer()
	payload := strings.Split(sign(t, "k1", 0, person()), ".")[1]
	for _, header := range []string{
		`{"alg":"none","kid":"k"}`, `{"alg":"HS256","kid":"k"}`, `{"alg":"RS256","kid":""}`, `{"alg":"RS256","kid":"a\u0000"}`,
		`{"alg":"RS256","kid":"` + strings.Repeat("k", 256) + `"}`, `{"alg":"RS256","kid":"k","crit":["x"]}`, `{"alg":"RS256","kid":"k","typ":"at+jwt"}`,
	} {
		if _, err := i.verifier().Verify(t.Context(), encode(header)+"."+payload+".AAAA"); !errors.Is(err, assertion.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", header, err)
		}
	}
	if got := i.fetches.Load(); got != 0 {
		t.Errorf("%d fetches, want none", got)
	}
}

func TestVerifyWithoutTokenOrConfiguration(t *testing.T) {
	i := newIssuer()
	if _, err := i.verifier().Verify(t.Context(), ""); !errors.Is(err, assertion.ErrMissing) {
		t.Errorf("got %v, want ErrMissing", err)
	}
	for _, c := range []assertion.Config{
		{}, {Issuer: issuerURL, CertsURL: certsURL}, {Audience: audience, CertsURL: certsURL}, {Issuer: issuerURL, Audience: audience},
		{Issuer: issuerURL, Audience: audience, CertsURL: "http://portal.example/certs"},
	} {
		c.HTTP = &http.Client{Transport: i}
		if _, err := assertion.New(c).Verify(t.Context(), sign(t, "k1", 0, person())); !errors.Is(err, assertion.ErrUnavailable) {
			t.Errorf("%+v: got %v, want ErrUnavailable", c, err)
		}
	}
}

func TestCacheEndsWithTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newIssuer().verifier()
		token := sign(t, "k1", 0, with(person(), map[string]any{"exp": time.Now().Add(10 * time.Second).Unix()}))
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(41 * time.Second) // past exp and leeway, within the cache's minute
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, assertion.ErrExpired) {
			t.Errorf("got %v, want ErrExpired", err)
		}
	})
}
