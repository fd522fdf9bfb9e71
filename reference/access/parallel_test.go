package access_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/portico-mcp/portico/reference/access"
)

// atOnce does something twenty times at once and counts how often it succeeded.
func atOnce(do func() bool) int {
	var group sync.WaitGroup
	var successes atomic.Int32
	start := make(chan struct{})
	for range 20 {
		group.Go(func() {
			<-start
			if do() {
				successes.Add(1)
			}
		})
	}
	close(start)
	group.Wait()
	return int(successes.Load())
}

// status sends a form with the cookies the browser has now, and notes none: it
// may be called from many goroutines.
func (d *door) status(method, target string, form url.Values) int {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range d.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Code
}

func TestATransactionIsOneWhoeverHurries(t *testing.T) {
	steps := map[string]struct {
		want int
		step func(*testing.T, *door) func() int
	}{
		"a consent": {http.StatusSeeOther, func(t *testing.T, d *door) func() int {
			form := d.consent(t, request(d.register(t)))
			return func() int { return d.status("POST", "/oauth/consent", form) }
		}},
		"a login": {http.StatusSeeOther, func(t *testing.T, d *door) func() int {
			to := location(t, d.form("/oauth/consent", d.consent(t, request(d.register(t))), true))
			back := access.CallbackPath + "?code=x&state=" + to.Query().Get("state")
			return func() int { return d.status("GET", back, nil) }
		}},
		"an end": {http.StatusSeeOther, func(t *testing.T, d *door) func() int {
			at := d.signIn(t, d.register(t))
			return func() int { return d.status("GET", at, nil) }
		}},
		"a code": {http.StatusOK, func(t *testing.T, d *door) func() int {
			id := d.register(t)
			form := url.Values{"grant_type": {"authorization_code"}, "client_id": {id}, "code": {d.code(t, id)}, "redirect_uri": {client}, "code_verifier": {verifier}}
			return func() int { return d.status("POST", "/oauth/token", form) }
		}},
	}
	for name, s := range steps {
		for range 10 {
			d := open(t)
			do := s.step(t, d)
			n := atOnce(func() bool { return do() == s.want })
			// A code's winner is refused too if its grant ended by reuse before the answer.
			if n > 1 || n == 0 && name != "a code" {
				t.Fatalf("%s was taken %d times", name, n)
			}
		}
	}
}

func TestParallelRefreshesNeverLeaveTwoFamilies(t *testing.T) {
	for range 10 {
		d := open(t)
		id := d.register(t)
		first := document(t, d.exchange(id, d.code(t, id)))
		var mu sync.Mutex
		var won []map[string]any
		atOnce(func() bool {
			res := d.refresh(id, first["refresh_token"].(string))
			if res.StatusCode != http.StatusOK {
				return false
			}
			mu.Lock()
			defer mu.Unlock()
			won = append(won, document(t, res))
			return true
		})
		if len(won) > 1 {
			t.Fatalf("%d refreshes succeeded with one token", len(won))
		}
		for _, answer := range won {
			if answer["expires_in"].(float64) <= 0 {
				t.Errorf("an answer that had ended already: %v", answer["expires_in"])
			}
			if d.refresh(id, answer["refresh_token"].(string)).StatusCode == http.StatusOK {
				t.Error("the family outlived the reuse of its token")
			}
		}
	}
}

func TestCallsAndARevocationDoNotRace(t *testing.T) {
	d := open(t)
	d.Access = through(t) // notes nothing, so that many may call
	id := d.register(t)
	tokens := document(t, d.exchange(id, d.code(t, id)))
	form := url.Values{"token": {tokens["refresh_token"].(string)}, "client_id": {id}}
	var revoked atomic.Bool
	atOnce(func() bool {
		for range 20 {
			known := revoked.Load()
			if ok := d.call(tokens["access_token"].(string)).StatusCode == http.StatusOK; ok && known {
				t.Error("a revoked token was good")
			}
		}
		if d.status("POST", "/oauth/revoke", form) == http.StatusOK {
			revoked.Store(true)
		}
		return true
	})
}

func TestCallsAtOnceShareOneApplicationToken(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	d := open(t)
	d.Access = with(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Header.Get("Cf-Access-Jwt-Assertion")] = true
	}))
	id := d.register(t)
	tokens := document(t, d.exchange(id, d.code(t, id)))
	if n := atOnce(func() bool { return d.call(tokens["access_token"].(string)).StatusCode == http.StatusOK }); n != 20 {
		t.Fatalf("%d of 20 calls succeeded", n)
	}
	if len(seen) != 1 || seen[""] {
		t.Errorf("%d application tokens for one grant", len(seen))
	}
}

func through(t *testing.T) *access.Access {
	t.Helper()
	return with(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
}

func with(t *testing.T, next http.Handler) *access.Access {
	t.Helper()
	a, err := access.New(access.Config{
		Origin: origin, Audience: "portal", OIDC: access.OIDCConfig{Issuer: "https://idp.example"}, Next: next,
		Provider: provider{who: access.Identity{Subject: "00u-alice"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
