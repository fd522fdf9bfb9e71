package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/client"
)

func form(t *testing.T, s seen) url.Values {
	t.Helper()
	v, err := url.ParseQuery(s.body)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSigningIn(t *testing.T) {
	for _, revision := range []string{client.Stateful, client.Stateless} {
		t.Run(revision, func(t *testing.T) {
			w := openTown(t)
			alice := w.alice(func(c *client.Config) { c.Revision = revision })
			s, err := alice.Connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			result, err := s.Call(t.Context(), "search", nil)
			if err != nil || result.Text() != "hello" {
				t.Fatalf("got %v, %v", result, err)
			}
			want := []string{
				"/mcp", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server", "/register", "/token", "/mcp",
			}
			if diff := cmp.Diff(want, w.paths()[:6]); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			first := w.entries()[0]
			if first.header.Get("Authorization") != "" {
				t.Error("the first request has a credential")
			}
			held := alice.Credentials()
			if held.AccessToken != "access-1" || held.RefreshToken != "refresh-1" || held.ClientID != "registered-1" ||
				held.Issuer != w.origin || held.Resource != w.origin+"/mcp" || held.Known != client.Registered || held.Expiry.IsZero() {
				t.Errorf("holds issuer %q, resource %q, client %q, access %q, refresh %q", held.Issuer, held.Resource, held.ClientID, held.AccessToken, held.RefreshToken)
			}
		})
	}
}

func TestTheAuthorizationRequest(t *testing.T) {
	w := openTown(t)
	alice := w.alice()
	if _, err := alice.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := w.asked
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "registered-1", "redirect_uri": alice.RedirectURI(), "code_challenge_method": "S256",
		"resource": w.origin + "/mcp", "scope": "tools prompts", "tenant": "1",
	} {
		if got := asked.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(asked.Get("state")) < 20 {
		t.Errorf("state is %q", asked.Get("state"))
	}
	token := form(t, w.at("/token")[0])
	if token.Get("resource") != w.origin+"/mcp" || token.Get("client_id") != "registered-1" || len(token.Get("code_verifier")) < 43 {
		t.Errorf("the token request is %v", token)
	}
	registration := w.at("/register")[0].body
	want := `{"client_name":"alice","redirect_uris":["` + alice.RedirectURI() + `"],"application_type":"native",` +
		`"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none"}`
	if registration != want {
		t.Errorf("the registration is %s", registration)
	}
}

func TestScopeOfTheChallengeComesFirst(t *testing.T) {
	for _, test := range []struct {
		name      string
		challenge string
		supported []string
		want      string
		sent      bool
	}{
		{"challenge", `, scope="one two"`, []string{"three"}, "one two", true},
		{"supported", "", []string{"three", "four"}, "three four", true},
		{"neither", "", nil, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openTown(t)
			w.challenge += test.challenge
			delete(w.resource(), "scopes_supported")
			if test.supported != nil {
				w.resource()["scopes_supported"] = test.supported
			}
			if _, err := w.alice().Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := w.asked.Get("scope"); got != test.want || w.asked.Has("scope") != test.sent {
				t.Errorf("scope is %q, want %q", got, test.want)
			}
		})
	}
}

// Nothing in an authorization response is believed before state and iss are
// right, and the code goes nowhere.
func TestAuthorizationResponsesThatAreRefused(t *testing.T) {
	for _, test := range []struct {
		name     string
		announce bool // authorization_response_iss_parameter_supported
		bend     func(v url.Values)
		rule     string // empty: none is broken
	}{
		{"announced, the same", true, func(url.Values) {}, ""},
		{"announced, another", true, func(v url.Values) { v.Set("iss", "https://evil.example") }, "iss is the issuer"},
		{"announced, missing", true, func(v url.Values) { v.Del("iss") }, "iss is sent"},
		{"not announced, the same", false, func(url.Values) {}, ""},
		{"not announced, another", false, func(v url.Values) { v.Set("iss", "https://evil.example") }, "iss is the issuer"},
		{"not announced, empty", false, func(v url.Values) { v.Set("iss", "") }, "iss is the issuer"},
		{"not announced, missing", false, func(v url.Values) { v.Del("iss") }, ""},
		{"a slash more", true, func(v url.Values) { v.Set("iss", v.Get("iss")+"/") }, "iss is the issuer"},
		{"an error of another", true, func(v url.Values) {
			v.Set("iss", "https://evil.example")
			v.Set("error", "access_denied")
		}, "iss is the issuer"},
		{"another state", true, func(v url.Values) { v.Set("state", "x") }, "state"},
		{"no state", true, func(v url.Values) { v.Del("state") }, "state"},
		{"two codes", true, func(v url.Values) { v.Add("code", "x") }, "more than once"},
		{"two issuers", true, func(v url.Values) { v.Add("iss", "https://evil.example") }, "more than once"},
		{"neither code nor error", true, func(v url.Values) { v.Del("code") }, "code or error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openTown(t)
			w.bend = test.bend
			w.server()["authorization_response_iss_parameter_supported"] = test.announce
			_, err := w.alice().Connect(t.Context())
			if test.rule == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantViolation(t, err, test.rule)
			if len(w.at("/token")) != 0 {
				t.Error("the token endpoint heard of it")
			}
		})
	}
}

func TestRefusalsOfTheAuthorizationServer(t *testing.T) {
	refuse := func(code string) http.HandlerFunc {
		return func(out http.ResponseWriter, _ *http.Request) { writeJSON(out, 400, map[string]any{"error": code}) }
	}
	for _, test := range []struct {
		name string
		bend func(*town)
		code string
	}{
		{"of the person", func(w *town) {
			w.bend = func(v url.Values) { v.Del("code"); v.Set("error", "access_denied") }
		}, "access_denied"},
		{"of the client", func(w *town) { w.routes = map[string]http.HandlerFunc{"/register": refuse("invalid_redirect_uri")} }, "invalid_redirect_uri"},
		{"of the code", func(w *town) { w.routes = map[string]http.HandlerFunc{"/token": refuse("invalid_grant")} }, "invalid_grant"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openTown(t)
			test.bend(w)
			_, err := w.alice().Connect(t.Context())
			var refusal *client.OAuthError
			if !errors.As(err, &refusal) || refusal.Code != test.code || !strings.Contains(err.Error(), test.code) {
				t.Errorf("got %v, want %s", err, test.code)
			}
		})
	}
}

func TestTokenResponsesThatAreRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		bend func(map[string]any)
		rule string
	}{
		{"no access token", func(m map[string]any) { delete(m, "access_token") }, "has an access_token"},
		{"another type", func(m map[string]any) { m["token_type"] = "DPoP" }, "whose type it does not understand"},
		{"no type", func(m map[string]any) { delete(m, "token_type") }, "whose type it does not understand"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openTown(t)
			w.tokens = test.bend
			_, err := w.alice().Connect(t.Context())
			wantViolation(t, err, test.rule)
		})
	}
}

// A query of the endpoint chooses something at the server and names no other.
func TestAnEndpointWithAQuery(t *testing.T) {
	w := openTown(t)
	alice := w.alice(func(c *client.Config) { c.Endpoint += "?codemode=off" })
	if _, err := alice.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.asked.Get("resource"); got != w.origin+"/mcp" {
		t.Errorf("the token is asked for %q", got)
	}
}

func TestWithoutABrowserAChallengeIsAnError(t *testing.T) {
	w := openTown(t)
	_, err := w.alice(func(c *client.Config) { c.Browser = nil }).Connect(t.Context())
	var refused *client.HTTPError
	if !errors.As(err, &refused) || refused.Status != 401 || refused.Header.Get("WWW-Authenticate") != w.challenge {
		t.Errorf("got %v", err)
	}
}

func TestAServiceTokenIsThePairOfHeaders(t *testing.T) {
	p := &peer{}
	pair := &client.ServiceToken{ClientID: "robot", ClientSecret: "swordfish"}
	s := begin(t, p, client.Config{ServiceToken: pair, Revision: client.Stateful})
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range p.entries() {
		if e.header.Get("CF-Access-Client-Id") != "robot" || e.header.Get("CF-Access-Client-Secret") != "swordfish" || e.header.Get("Authorization") != "" {
			t.Errorf("%s %s has the head %v", e.verb, e.method, e.header)
		}
	}
	if len(p.entries()) != 3 {
		t.Errorf("%d requests", len(p.entries()))
	}
}

func TestARefusedServiceTokenDoesNotSignIn(t *testing.T) {
	w := openTown(t)
	robot := w.alice(func(c *client.Config) { c.ServiceToken = &client.ServiceToken{ClientID: "robot", ClientSecret: "x"} })
	if _, err := robot.Connect(t.Context()); err == nil || len(w.entries()) != 1 {
		t.Errorf("got %v after %d requests", err, len(w.entries()))
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	secret := "swordfish"
	for _, v := range []any{
		client.Credentials{AccessToken: secret, RefreshToken: secret, ClientSecret: secret}, client.Login{Password: secret},
		client.ServiceToken{ClientSecret: secret}, client.Registration{ClientSecret: secret},
	} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if printed := fmt.Sprintf(format, v); strings.Contains(printed, secret) || !strings.Contains(printed, "[redacted]") {
				t.Errorf("%T in %s: %s", v, format, printed)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("", "v", map[string]any{"nested": v})
		if strings.Contains(log.String(), secret) || strings.Count(log.String(), "[redacted]") != 2 {
			t.Errorf("%T in logs: %s", v, log.String())
		}
	}
}
