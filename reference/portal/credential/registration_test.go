package credential_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

// UA-09, UA-10, UA-12, UO-05: what is registered.
func TestRegistrationRequest(t *testing.T) {
	cases := map[string]struct {
		change     map[string]any
		wantMethod string
		wantGrants []any
	}{
		"no lists":              {nil, "client_secret_basic", []any{"authorization_code", "refresh_token"}},
		"basic before none":     {map[string]any{"token_endpoint_auth_methods_supported": []string{"none", "client_secret_post", "client_secret_basic"}}, "client_secret_basic", []any{"authorization_code", "refresh_token"}},
		"post before none":      {map[string]any{"token_endpoint_auth_methods_supported": []string{"none", "client_secret_post"}}, "client_secret_post", []any{"authorization_code", "refresh_token"}},
		"none only":             {map[string]any{"token_endpoint_auth_methods_supported": []string{"none"}}, "none", []any{"authorization_code", "refresh_token"}},
		"no refresh tokens":     {map[string]any{"grant_types_supported": []string{"authorization_code"}}, "client_secret_basic", []any{"authorization_code"}},
		"refresh tokens listed": {map[string]any{"grant_types_supported": []string{"refresh_token", "authorization_code"}}, "client_secret_basic", []any{"authorization_code", "refresh_token"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			if c.change != nil {
				s.as.change = c.change
			}
			s.consent(t, alice) // the server refuses every other method than the registered one
			want := map[string]any{
				"client_name": "Portal", "redirect_uris": []any{callback, adminURI}, "response_types": []any{"code"},
				"grant_types": c.wantGrants, "token_endpoint_auth_method": c.wantMethod, "application_type": "web",
			}
			if diff := cmp.Diff([]map[string]any{want}, s.as.registrations); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// One client per issuer, whoever asks and however many at once.
func TestRegistrationIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetting(t)
		s.as.registerDelay = time.Second
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { s.begin(t, alice) })
		}
		wg.Wait()
		s.consent(t, bob)
		if got := len(s.as.registrations); got != 1 {
			t.Errorf("%d registrations, want 1", got)
		}
	})
}

// UA-08: a server that moves to another authorization server.
func TestAuthorizationServerMigration(t *testing.T) {
	s := newSetting(t)
	s.consent(t, alice)
	s.consent(t, bob)
	old := s.as
	first := string(s.token(t, alice))

	s.as = newAuthorizationServer("https://second-as.example", mailURL)
	s.hosts[s.as.issuer] = s.as
	s.mail.documents[prmPath+"/mcp"] = resourceOf(mailURL, s.as.issuer)
	where := s.begin(t, alice)
	for _, owner := range []credential.Owner{alice, bob} {
		if _, err := s.vault.Token(t.Context(), owner, "mail"); !errors.Is(err, credential.ErrConsentRequired) || s.vault.Connected(owner, "mail") {
			t.Errorf("%s: the old issuer's token is still given out: %v", owner, err)
		}
	}
	if _, err := s.vault.Finish(t.Context(), alice, s.as.approve(t, where, "alice")); err != nil {
		t.Fatal(err)
	}
	if got := s.token(t, alice); s.as.subject(string(got)) != "alice" || string(got) == first {
		t.Errorf("token %q is not the new issuer's", string(got))
	}
	if len(s.as.registrations) != 1 || old.clients[queryOf(t, where).Get("client_id")] != nil {
		t.Error("the client of the old issuer was used at the new one")
	}
}

// F-09 for clients made by hand: the secret does not follow the server.
func TestManualRegistrationStaysWithItsIssuer(t *testing.T) {
	for name, issuer := range map[string]string{"configured issuer": asURL, "first issuer seen": ""} {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			s.as.clients["by-hand"] = manualClient("client_secret_basic")
			s.server.Manual = &credential.Registration{ClientID: "by-hand", ClientSecret: "shh", Issuer: issuer}
			s.consent(t, alice)
			evil := newAuthorizationServer("https://evil-as.example", mailURL)
			s.hosts[evil.issuer] = evil
			s.mail.documents[prmPath+"/mcp"] = resourceOf(mailURL, evil.issuer)
			if where, err := s.vault.Begin(t.Context(), bob, s.server, ""); where != "" || !errors.Is(err, credential.ErrRegistration) {
				t.Errorf("got %q, %v, want ErrRegistration", where, err)
			}
			if len(s.as.registrations)+len(evil.registrations)+len(evil.tokenForms) != 0 {
				t.Error("something was sent")
			}
		})
	}
}

func manualClient(method string) map[string]any {
	return map[string]any{"client_secret": "shh", "token_endpoint_auth_method": method, "redirect_uris": []any{callback}}
}

// UO-08, UO-09, UO-10, UO-11.
func TestManualRegistration(t *testing.T) {
	cases := map[string]struct {
		registered string // method
		manual     credential.Registration
		bare       bool // nothing is published
	}{
		"default":                {registered: "client_secret_basic", manual: credential.Registration{ClientSecret: "shh"}},
		"post":                   {registered: "client_secret_post", manual: credential.Registration{ClientSecret: "shh", AuthMethod: credential.AuthPost}},
		"none":                   {registered: "none"},
		"endpoints, no metadata": {registered: "client_secret_basic", bare: true, manual: credential.Registration{ClientSecret: "shh", Issuer: asURL, AuthorizationEndpoint: asURL + "/authorize", TokenEndpoint: asURL + "/token"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			s.as.clients["by-hand"] = manualClient(c.registered)
			if c.registered == "none" {
				delete(s.as.clients["by-hand"], "client_secret")
			}
			c.manual.ClientID = "by-hand"
			s.server.Manual, s.server.Scopes = &c.manual, []string{"mail.read", "mail.send"}
			if c.bare {
				s.mail.challenge, s.mail.documents, s.as.path = "Bearer", nil, "-"
			}
			where := s.begin(t, alice)
			if got := queryOf(t, where); got.Get("client_id") != "by-hand" || got.Get("scope") != "mail.read mail.send" {
				t.Errorf("unexpected request %v", got)
			}
			if _, err := s.vault.Finish(t.Context(), alice, s.as.approve(t, where, "alice")); err != nil {
				t.Fatal(err)
			}
			s.token(t, alice)
			if len(s.as.registrations) != 0 {
				t.Error("a client was registered although one is configured")
			}
		})
	}
}

// Without a configured issuer nothing vouches for an iss, so it is refused.
func TestManualEndpointsWithoutIssuer(t *testing.T) {
	s := newSetting(t)
	s.as.clients["by-hand"] = manualClient("client_secret_basic")
	s.server.Manual = &credential.Registration{ClientID: "by-hand", ClientSecret: "shh", AuthorizationEndpoint: asURL + "/authorize", TokenEndpoint: asURL + "/token"}
	if _, err := s.vault.Finish(t.Context(), alice, s.as.approve(t, s.begin(t, alice), "alice")); !errors.Is(err, credential.ErrIssuer) {
		t.Errorf("got %v, want ErrIssuer", err)
	}
	answer := s.as.approve(t, s.begin(t, alice), "alice")
	answer.Del("iss")
	if _, err := s.vault.Finish(t.Context(), alice, answer); err != nil {
		t.Error(err)
	}
}

func TestRegistrationRefused(t *testing.T) {
	say := func(status int, doc map[string]any) func(http.ResponseWriter, map[string]any) bool {
		return func(w http.ResponseWriter, _ map[string]any) bool {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(doc)
			return true
		}
	}
	cases := map[string]struct {
		arrange  func(*setting)
		wantCode string
		status   int
	}{
		"not offered":         {func(s *setting) { s.as.change["registration_endpoint"] = nil }, "", 0},
		"no method in common": {func(s *setting) { s.as.change["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"} }, "", 0},
		"forbidden":           {func(s *setting) { s.as.registerAs = say(403, nil) }, "", 403},
		"redirect URI":        {func(s *setting) { s.as.registerAs = say(400, map[string]any{"error": "invalid_redirect_uri"}) }, "invalid_redirect_uri", 400},
		"no client id":        {func(s *setting) { s.as.registerAs = say(201, map[string]any{"client_secret": "s"}) }, "", 0},
		"a redirect URI is left out": {func(s *setting) {
			s.as.registerAs = say(201, map[string]any{"client_id": "c", "redirect_uris": []string{adminURI}})
		}, "", 0},
		"a method without a secret": {func(s *setting) {
			s.as.registerAs = say(201, map[string]any{"client_id": "c", "token_endpoint_auth_method": "client_secret_post"})
		}, "", 0},
		"a method of its own": {func(s *setting) {
			s.as.registerAs = say(201, map[string]any{"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "private_key_jwt"})
		}, "", 0},
		"redirects": {func(s *setting) { s.as.registerAs = say(307, nil) }, "", 307},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			c.arrange(s)
			where, err := s.vault.Begin(t.Context(), alice, s.server, "")
			if where != "" || !errors.Is(err, credential.ErrRegistration) {
				t.Fatalf("got %q, %v, want ErrRegistration", where, err)
			}
			refused, ok := errors.AsType[*credential.ResponseError](err)
			if ok != (c.status != 0) || ok && (refused.Code != c.wantCode || refused.Status != c.status || refused.Stage != credential.Registering) {
				t.Errorf("reported as %+v", refused)
			}
		})
	}
}

// A client whose secret has expired, or that the server has forgotten, is made
// anew at the next Begin.
func TestRegistrationIsRenewed(t *testing.T) {
	t.Run("expired", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSetting(t)
			s.as.registerAs = func(w http.ResponseWriter, doc map[string]any) bool {
				doc["client_secret_expires_at"] = time.Now().Add(time.Hour).Unix()
				return false
			}
			s.begin(t, alice)
			time.Sleep(59 * time.Minute)
			s.begin(t, alice)
			time.Sleep(time.Minute)
			s.begin(t, alice)
			if got := len(s.as.registrations); got != 2 {
				t.Errorf("%d registrations, want 2", got)
			}
		})
	})
	t.Run("forgotten", func(t *testing.T) {
		s := newSetting(t)
		answer := s.as.approve(t, s.begin(t, alice), "alice")
		late := s.as.approve(t, s.begin(t, bob), "bob")
		clear(s.as.clients)
		_, err := s.vault.Finish(t.Context(), alice, answer)
		if refused, ok := errors.AsType[*credential.ResponseError](err); !ok || refused.Code != "invalid_client" || refused.Stage != credential.Exchanging {
			t.Fatalf("got %v, want invalid_client", err)
		}
		s.consent(t, alice)
		if _, err := s.vault.Finish(t.Context(), bob, late); err == nil {
			t.Fatal("a code of the forgotten client was redeemed")
		}
		s.consent(t, bob) // with the new client, which that failure did not take away
		if got := len(s.as.registrations); got != 2 || !strings.HasPrefix(string(s.token(t, alice)), "at-") {
			t.Errorf("%d registrations, want 2", got)
		}
	})
}
