package credential_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

// connected is a setting in which alice and bob have consented.
func connected(t *testing.T) *setting {
	s := newSetting(t)
	s.consent(t, alice)
	s.consent(t, bob)
	return s
}

// UA-14, UO-12: renewal begins with less than 30 s left, not before.
func TestRenewalTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := connected(t)
		first := s.token(t, alice)
		time.Sleep(time.Hour - 31*time.Second)
		if got := s.token(t, alice); got != first || s.as.grants("refresh") != 0 {
			t.Error("renewed with more than 30 s left")
		}
		time.Sleep(2 * time.Second)
		second := s.token(t, alice)
		if second == first || s.as.grants("refresh") != 1 || s.as.subject(string(second)) != string(alice) {
			t.Error("not renewed with 29 s left")
		}
		if got := s.as.tokenForms[len(s.as.tokenForms)-1].Get("resource"); got != mailURL {
			t.Errorf("refresh for resource %q", got)
		}
	})
}

// UA-14, M-11: parallel expiry.
func TestOneRefreshForParallelCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := connected(t)
		s.as.tokenDelay = time.Second
		for round := range 3 { // each with the refresh token of the one before
			time.Sleep(time.Hour)
			tokens := make([]credential.Secret, 50)
			var wg sync.WaitGroup
			for i := range tokens {
				wg.Go(func() { tokens[i], _ = s.vault.Token(t.Context(), alice, "mail") })
			}
			wg.Wait()
			if got := s.as.grants("refresh"); got != round+1 {
				t.Fatalf("%d refreshes after round %d", got, round+1)
			}
			for _, token := range tokens {
				if token != tokens[0] || token == "" {
					t.Fatal("callers got different tokens")
				}
			}
		}
	})
}

func TestRefreshTokenIsKeptUnlessRotated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetting(t)
		s.as.keepRefresh = true
		s.consent(t, alice)
		for range 3 {
			time.Sleep(time.Hour)
			s.token(t, alice)
		}
		if got := s.as.grants("refresh"); got != 3 {
			t.Errorf("%d refreshes, want 3", got)
		}
	})
}

// UO-13, UO-14: what a failed refresh means, and for whom.
func TestFailedRefresh(t *testing.T) {
	cases := map[string]struct {
		answer http.HandlerFunc
		want   error
		kept   bool // works again once the server does
	}{
		"invalid_grant":      {func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "invalid_grant") }, credential.ErrConsentRequired, false},
		"client forgotten":   {func(w http.ResponseWriter, _ *http.Request) { refuse(w, 401, "invalid_client") }, credential.ErrConsentRequired, false},
		"another refusal":    {func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "invalid_target") }, credential.ErrRefreshRefused, true},
		"moved endpoint":     {status(404, ""), credential.ErrRefreshRefused, true},
		"server error":       {status(503, ""), credential.ErrUnavailable, true},
		"lying server error": {status(500, `{"error":"invalid_grant"}`), credential.ErrUnavailable, true},
		"too many requests":  {status(429, `{"error":"invalid_grant"}`), credential.ErrUnavailable, true},
		"HTML":               {status(200, "<html>"), credential.ErrUnavailable, true},
		"silence":            {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, credential.ErrUnavailable, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := connected(t)
				time.Sleep(time.Hour)
				s.as.answer(c.answer)
				began := time.Now()
				if token, err := s.vault.Token(t.Context(), alice, "mail"); token != "" || !errors.Is(err, c.want) {
					t.Errorf("got %q, %v, want %v", string(token), err, c.want)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("took %v", took)
				}
				if got, want := s.vault.Connected(alice, "mail"), c.want == credential.ErrUnavailable; got != want {
					t.Errorf("Connected = %v, want %v", got, want)
				}
				s.as.answer(nil)
				if _, err := s.vault.Token(t.Context(), alice, "mail"); (err == nil) != c.kept {
					t.Errorf("afterwards: %v", err)
				}
				s.token(t, bob) // nobody else is concerned
			})
		})
	}
}

// A wrong secret of a client made by hand is the administrator's to mend; the
// people's grants outlive it.
func TestManualClientRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetting(t)
		s.as.clients["by-hand"] = manualClient("client_secret_basic")
		s.server.Manual = &credential.Registration{ClientID: "by-hand", ClientSecret: "shh"}
		s.consent(t, alice)
		time.Sleep(time.Hour)
		s.as.answer(status(401, `{"error":"invalid_client","error_description":"shh is wrong"}`))
		_, err := s.vault.Token(t.Context(), alice, "mail")
		if !errors.Is(err, credential.ErrRefreshRefused) || strings.Contains(err.Error(), "shh") {
			t.Errorf("got %v, want ErrRefreshRefused without the secret", err)
		}
		s.as.answer(nil)
		s.token(t, alice)
	})
}

// While the old token lives, a failing authorization server hurts nobody.
func TestLastSecondsOfATokenAreUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := connected(t)
		first := s.token(t, alice)
		s.as.answer(status(503, ""))
		time.Sleep(time.Hour - 10*time.Second)
		if got := s.token(t, alice); got != first {
			t.Error("another token")
		}
		time.Sleep(10 * time.Second)
		if _, err := s.vault.Token(t.Context(), alice, "mail"); !errors.Is(err, credential.ErrUnavailable) {
			t.Errorf("expired: got %v, want ErrUnavailable", err)
		}
	})
}

func TestWithoutRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetting(t)
		s.as.noRefresh = true
		s.consent(t, alice)
		time.Sleep(time.Hour - time.Second)
		s.token(t, alice)
		time.Sleep(time.Second)
		if _, err := s.vault.Token(t.Context(), alice, "mail"); !errors.Is(err, credential.ErrConsentRequired) || s.vault.Connected(alice, "mail") {
			t.Errorf("got %v, want ErrConsentRequired", err)
		}
		if got := s.as.grants("refresh"); got != 0 {
			t.Errorf("%d refreshes without a refresh token", got)
		}
	})
}

// C12: a 401 for a token that has not expired.
func TestRejectedTokenIsRenewedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := connected(t)
		first, bobs := s.token(t, alice), s.token(t, bob)
		s.as.tokenDelay = time.Second
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				s.vault.Rejected(alice, "mail", first)
				if token, err := s.vault.Token(t.Context(), alice, "mail"); err != nil || token == first {
					t.Errorf("got the rejected token or %v", err)
				}
			})
		}
		wg.Wait()
		s.vault.Rejected(alice, "mail", first) // late
		s.token(t, alice)
		if got := s.as.grants("refresh"); got != 1 {
			t.Errorf("%d refreshes, want 1", got)
		}
		if s.token(t, bob) != bobs {
			t.Error("bob's token was renewed")
		}
	})
}

func TestRejectedWithoutRefreshToken(t *testing.T) {
	s := newSetting(t)
	s.as.noRefresh = true
	s.consent(t, alice)
	s.vault.Rejected(alice, "mail", s.token(t, alice))
	if s.vault.Connected(alice, "mail") {
		t.Error("still connected")
	}
	if _, err := s.vault.Token(t.Context(), alice, "mail"); !errors.Is(err, credential.ErrConsentRequired) {
		t.Errorf("got %v, want ErrConsentRequired", err)
	}
}

// What the owner does during a refresh counts more than the refresh.
func TestRefreshDoesNotBringBack(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*testing.T, *setting)
		want      error
	}{
		"what was disconnected": {func(_ *testing.T, s *setting) { _ = s.vault.Forget(alice, "mail") }, credential.ErrConsentRequired},
		"what was replaced":     {func(t *testing.T, s *setting) { s.consent(t, alice) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := connected(t)
				time.Sleep(time.Hour)
				s.as.tokenDelay = 5 * time.Second
				var token credential.Secret
				var err error
				var wg sync.WaitGroup
				wg.Go(func() { token, err = s.vault.Token(t.Context(), alice, "mail") })
				synctest.Wait()
				s.as.mu.Lock()
				s.as.tokenDelay = 0
				s.as.mu.Unlock()
				c.meanwhile(t, s)
				now, _ := s.vault.Token(t.Context(), alice, "mail")
				wg.Wait()
				if !errors.Is(err, c.want) || token != now {
					t.Errorf("the refresh ended with %q, %v; before %q", string(token), err, string(now))
				}
				if c.want != nil && s.vault.Connected(alice, "mail") {
					t.Error("connected again")
				}
			})
		})
	}
}

// The first caller's leaving does not lose a rotated refresh token, and those
// who wait may leave too.
func TestRefreshOutlivesItsCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := connected(t)
		time.Sleep(time.Hour)
		s.as.tokenDelay = 5 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = s.vault.Token(ctx, alice, "mail") })
		synctest.Wait()
		began := time.Now()
		if _, err := s.vault.Token(ctx, alice, "mail"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("who waits left after %v with %v", time.Since(began), err)
		}
		wg.Wait()
		s.token(t, alice)
		if got := s.as.grants("refresh"); got != 1 {
			t.Errorf("%d refreshes, want 1", got)
		}
	})
}

func TestForget(t *testing.T) {
	s := connected(t)
	if err := s.vault.Forget(alice, "mail"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.vault.Token(t.Context(), alice, "mail"); !errors.Is(err, credential.ErrConsentRequired) {
		t.Errorf("got %v, want ErrConsentRequired", err)
	}
	s.token(t, bob)
}

// F-15: expires_in that makes no sense never ends a token early or overflows.
func TestLifetimes(t *testing.T) {
	for text, want := range map[string]time.Duration{ // after which the token is renewed; 0: never by itself
		`3600`: time.Hour - 30*time.Second, `"3600"`: time.Hour - 30*time.Second, `20`: 10 * time.Second,
		`-1`: 0, `0`: 0, `null`: 0, `"soon"`: 0, `[]`: 0, `1e99`: 30*24*time.Hour - 30*time.Second, `1e400`: 30*24*time.Hour - 30*time.Second,
	} {
		t.Run(text, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetting(t)
				q := s.as.approve(t, s.begin(t, alice), "alice")
				s.as.answer(status(200, `{"access_token":"a","refresh_token":"r","token_type":"Bearer","expires_in":`+text+`}`))
				if _, err := s.vault.Finish(t.Context(), alice, q); err != nil {
					t.Fatal(err)
				}
				year := 365 * 24 * time.Hour
				time.Sleep(min(max(want-time.Second, 0)+year*map[bool]time.Duration{true: 1}[want == 0], year))
				s.token(t, alice)
				if got := s.as.grants("refresh"); got != 0 {
					t.Error("renewed too early")
				}
				if want == 0 {
					return
				}
				time.Sleep(2 * time.Second)
				s.token(t, alice)
				if got := s.as.grants("refresh"); got != 1 {
					t.Error("not renewed in time")
				}
			})
		})
	}
}
