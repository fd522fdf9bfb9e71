package client_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/portico-mcp/portico/simulators/client"
)

func signedIn(t *testing.T, bend ...func(*client.Config)) (*town, *client.Client, *client.Session) {
	t.Helper()
	w := openTown(t)
	alice := w.alice(bend...)
	s, err := alice.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return w, alice, s
}

func TestAnExpiredTokenIsRefreshedOnce(t *testing.T) {
	w, alice, s := signedIn(t)
	w.expire()
	if _, err := s.Call(t.Context(), "search", nil); err != nil {
		t.Fatal(err)
	}
	held := alice.Credentials()
	if held.AccessToken != "access-2" || held.RefreshToken != "refresh-2" {
		t.Errorf("holds %q and %q", held.AccessToken, held.RefreshToken)
	}
	requests := w.at("/token")
	if len(requests) != 2 {
		t.Fatalf("%d token requests, want 2", len(requests))
	}
	sent := form(t, requests[1])
	if sent.Get("grant_type") != "refresh_token" || sent.Get("refresh_token") != "refresh-1" ||
		sent.Get("resource") != w.origin+"/mcp" || sent.Get("client_id") != "registered-1" {
		t.Errorf("the refresh is %v", sent)
	}
	if len(w.at("/authorize")) != 1 {
		t.Error("the person was asked again")
	}
}

// A rotating refresh token must not be used twice.
func TestManyCallsRefreshOnce(t *testing.T) {
	w, _, s := signedIn(t)
	w.expire()
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			if _, err := s.Call(t.Context(), "search", nil); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if n := len(w.at("/token")); n != 2 {
		t.Errorf("%d token requests, want 2", n)
	}
}

func TestWithoutRotationTheRefreshTokenStays(t *testing.T) {
	w, alice, _ := signedIn(t)
	w.tokens = func(m map[string]any) { delete(m, "refresh_token") }
	if err := alice.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if held := alice.Credentials(); held.RefreshToken != "refresh-1" || held.AccessToken != "access-2" {
		t.Errorf("holds %q and %q", held.AccessToken, held.RefreshToken)
	}
}

func TestNoRefreshShowsThe401(t *testing.T) {
	w, _, s := signedIn(t, func(c *client.Config) { c.NoRefresh = true })
	w.expire()
	_, err := s.Call(t.Context(), "search", nil)
	var refused *client.HTTPError
	if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized || len(w.at("/token")) != 1 {
		t.Errorf("got %v after %d token requests", err, len(w.at("/token")))
	}
}

func TestPostShowsThe401(t *testing.T) {
	w, _, s := signedIn(t)
	w.expire()
	status, header, _, err := s.Post(t.Context(), s.Compose("tools/list", ""), nil)
	if err != nil || status != http.StatusUnauthorized || header.Get("WWW-Authenticate") == "" || len(w.at("/token")) != 1 {
		t.Errorf("got %d, %v, %v", status, header, err)
	}
}

func TestARefusedRefreshIsTheCallersToKnow(t *testing.T) {
	w, alice, s := signedIn(t)
	w.expire()
	w.refresh = ""
	_, err := s.Call(t.Context(), "search", nil)
	var refused *client.HTTPError
	var refusal *client.OAuthError
	if !errors.As(err, &refused) || refused.Status != 401 || !errors.As(err, &refusal) || refusal.Code != "invalid_grant" {
		t.Fatalf("got %v", err)
	}
	if held := alice.Credentials(); held.RefreshToken != "" {
		t.Error("the refresh token is kept though it is spent")
	}
	if _, err := alice.Connect(t.Context()); err != nil {
		t.Fatalf("connecting anew signs in again, but: %v", err)
	}
	if len(w.at("/authorize")) != 2 || len(w.at("/register")) != 1 {
		t.Errorf("authorized %d times, registered %d times", len(w.at("/authorize")), len(w.at("/register")))
	}
}

func TestRefreshingWithNothingToRefreshWith(t *testing.T) {
	w := openTown(t)
	if err := w.alice().Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "no refresh token") {
		t.Errorf("got %v", err)
	}
}

// Credentials of earlier find their authorization server by the challenge.
func TestRememberedCredentialsAreRefreshed(t *testing.T) {
	w, alice, _ := signedIn(t)
	held := alice.Credentials()
	w.expire()
	later := w.alice(func(c *client.Config) { c.Credentials, c.Browser = &held, nil })
	if _, err := later.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.at("/register")) != 1 || later.Credentials().AccessToken != "access-2" {
		t.Errorf("registered %d times, holds %q", len(w.at("/register")), later.Credentials().AccessToken)
	}
	held.Issuer = "https://other.example"
	w.expire()
	_, err := w.alice(func(c *client.Config) { c.Credentials, c.Browser = &held, nil }).Connect(t.Context())
	wantViolation(t, err, "at the authorization server that issued them")
}

// What a token lacks is asked for together with what it has.
func TestStepUp(t *testing.T) {
	w, _, s := signedIn(t)
	w.scope = "write"
	if _, err := s.Call(t.Context(), "search", nil); err != nil {
		t.Fatal(err)
	}
	if got := w.asked.Get("scope"); got != "tools prompts write" {
		t.Errorf("asked for %q", got)
	}
	w.scope = "impossible"
	w.routes = map[string]http.HandlerFunc{"/mcp": func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("WWW-Authenticate", w.challenge+`, error="insufficient_scope", scope="impossible"`)
		out.WriteHeader(http.StatusForbidden)
	}}
	_, err := s.Call(t.Context(), "search", nil)
	var refused *client.HTTPError
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden || len(w.at("/authorize")) != 3 {
		t.Errorf("got %v after asking %d times, want to give up after one more", err, len(w.at("/authorize")))
	}
}
