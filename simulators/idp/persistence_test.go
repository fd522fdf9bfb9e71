package idp_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/idp"
)

const issuer = "https://idp.example"

// shelf is a Store in memory.
type shelf struct {
	mu    sync.Mutex
	saved []byte
	times int
	err   error
}

func (s *shelf) Load() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saved, s.err
}

func (s *shelf) Save(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times++
	if s.err == nil {
		s.saved = b
	}
	return s.err
}

// process is one process of a provider without a network.
func process(t *testing.T, change func(*idp.Config)) (*idp.Provider, *provider) {
	t.Helper()
	config := town(issuer)
	if change != nil {
		change(&config)
	}
	handler, err := idp.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return handler, (&provider{origin: issuer, transport: direct{handler}}).fresh()
}

// after is the same browser at the next process.
func (p *provider) after(next *provider) *provider {
	next.browser.Jar = p.browser.Jar
	return next
}

func on(s idp.Store) func(*idp.Config) { return func(c *idp.Config) { c.Store = s } }

// signedIn says what becomes of an authorization request that shows no page.
func (p *provider) signedIn(t *testing.T) string {
	t.Helper()
	return p.get(t, p.authorization("prompt", "none")).redirect(t).Get("error")
}

func (p *provider) alice(t *testing.T) {
	t.Helper()
	p.signIn(t, p.get(t, p.authorization()), "alice", "correct horse").redirect(t)
}

// idToken obtains an ID token with the session there is.
func (p *provider) idToken(t *testing.T) string {
	t.Helper()
	code := p.get(t, p.authorization("prompt", "none")).redirect(t).Get("code")
	return p.redeem(t, code).json(t)["id_token"].(string)
}

// verifies says whether the published keys verify an ID token.
func (p *provider) verifies(t *testing.T, token string) bool {
	t.Helper()
	ctx := oidc.ClientContext(t.Context(), p.browser)
	keys := oidc.NewRemoteKeySet(ctx, issuer+"/jwks")
	_, err := oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: "access"}).Verify(ctx, token)
	return err == nil
}

// claimsOf reads an ID token that came from its provider directly.
func claimsOf(t *testing.T, token string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func (p *provider) keyIDs(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, key := range p.get(t, issuer+"/jwks").json(t)["keys"].([]any) {
		ids = append(ids, key.(map[string]any)["kid"].(string))
	}
	return ids
}

func TestSessionsAndKeysOutliveTheProcess(t *testing.T) {
	kept := &shelf{}
	key, err := rsa.GenerateKey(rand.Reader, 2048) // of another process
	if err != nil {
		t.Fatal(err)
	}
	first, before := process(t, on(kept))
	before.alice(t)
	old := before.idToken(t)
	if err := first.Rotate(); err != nil {
		t.Fatal(err)
	}
	origin, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	cookies := before.browser.Jar.Cookies(origin)
	if len(cookies) == 0 {
		t.Error("no cookies")
	}
	for _, cookie := range cookies {
		if strings.Contains(string(kept.saved), cookie.Value) {
			t.Errorf("the cookie %s is stored as it is", cookie.Name)
		}
	}
	second, after := process(t, on(kept))
	before.after(after)
	want(t, "session", after.signedIn(t), "")
	if diff := cmp.Diff([]string{"alice"}, second.SignedIn()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before.keyIDs(t), after.keyIDs(t)); diff != "" {
		t.Errorf("keys (-before +after): %s", diff)
	}
	if !after.verifies(t, old) || !after.verifies(t, before.idToken(t)) {
		t.Error("a token of the process before does not verify")
	}
	_, given := process(t, func(c *idp.Config) { c.Store, c.Key = kept, key })
	before.after(given)
	want(t, "session", given.signedIn(t), "")
	if ids := given.keyIDs(t); len(ids) != 1 || ids[0] == after.keyIDs(t)[0] {
		t.Errorf("with a key of its own: %v", ids)
	}
	if strings.Contains(string(kept.saved), `"key"`) {
		t.Error("a key that was given is stored")
	}
}

func TestSessionOfSomebodyWhoLeft(t *testing.T) {
	kept := &shelf{}
	_, before := process(t, on(kept))
	before.alice(t)
	second, after := process(t, func(c *idp.Config) { c.Store, c.People = kept, c.People[1:] })
	before.after(after)
	want(t, "session", after.signedIn(t), "login_required")
	if subjects := second.SignedIn(); len(subjects) != 0 {
		t.Errorf("signed in: %v", subjects)
	}
}

func TestRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, browser := process(t, nil)
		browser.alice(t)
		first, firstID := browser.idToken(t), browser.keyIDs(t)[0]
		if err := p.Rotate(); err != nil {
			t.Fatal(err)
		}
		second, ids := browser.idToken(t), browser.keyIDs(t)
		if len(ids) != 2 || ids[0] == firstID || ids[1] != firstID {
			t.Errorf("keys %v after %s", ids, firstID)
		}
		if !browser.verifies(t, first) || !browser.verifies(t, second) {
			t.Error("a good token does not verify")
		}
		time.Sleep(30 * time.Minute)
		if err := p.Rotate(); err != nil {
			t.Fatal(err)
		}
		if n := len(browser.keyIDs(t)); n != 3 {
			t.Errorf("%d keys while there are tokens of three", n)
		}
		time.Sleep(30 * time.Minute)
		if left := browser.keyIDs(t); len(left) != 2 || left[1] != ids[0] {
			t.Errorf("keys %v an hour later", left)
		}
		p.Age(time.Hour)
		if n := len(browser.keyIDs(t)); n != 1 {
			t.Errorf("%d keys in the end", n)
		}
	})
}

func TestAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &shelf{}
		p, browser := process(t, on(kept))
		page := browser.get(t, browser.authorization())
		code := browser.code(t)
		access := browser.redeem(t, browser.code(t)).json(t)["access_token"].(string)
		p.Age(-time.Hour)
		p.Age(time.Minute)
		if a := browser.redeem(t, code); a.status != http.StatusBadRequest {
			t.Errorf("code of a minute: %d %s", a.status, a.body)
		}
		if a := browser.userInfo(t, access); a.status != http.StatusOK {
			t.Errorf("access token of a minute: %d", a.status)
		}
		p.Age(59 * time.Minute)
		if a := browser.userInfo(t, access); a.status != http.StatusUnauthorized {
			t.Errorf("access token of an hour: %d", a.status)
		}
		if a := browser.signIn(t, page, "alice", "correct horse"); a.status != http.StatusForbidden {
			t.Errorf("login page of an hour: %d", a.status)
		}
		browser.alice(t)
		p.Age(time.Hour)
		now := time.Now().Unix()
		want(t, "max_age", browser.get(t, browser.authorization("prompt", "none", "max_age", "3600")).redirect(t).Get("error"), "login_required")
		claims := claimsOf(t, browser.idToken(t))
		if int64(claims["auth_time"].(float64)) != now-3600 || int64(claims["iat"].(float64)) != now {
			t.Errorf("at %d: %v", now, claims)
		}
		p.Age(10 * time.Hour)
		next, later := process(t, on(kept)) // it stays as old as it is
		browser.after(later)
		want(t, "session of 11 hours", later.signedIn(t), "")
		next.Age(time.Hour)
		want(t, "session of 12 hours", later.signedIn(t), "login_required")
	})
}

func TestSignOut(t *testing.T) {
	kept := &shelf{}
	p, phone := process(t, on(kept))
	laptop, bob := phone.fresh(), phone.fresh()
	if subjects := p.SignedIn(); len(subjects) != 0 {
		t.Errorf("before: %v", subjects)
	}
	bob.signIn(t, bob.get(t, bob.authorization()), "bob", "battery staple").redirect(t)
	phone.alice(t)
	laptop.alice(t)
	if diff := cmp.Diff([]string{"alice", "bob"}, p.SignedIn()); diff != "" {
		t.Error(diff)
	}
	p.SignOut("alice")
	want(t, "phone", phone.signedIn(t), "login_required")
	want(t, "laptop", laptop.signedIn(t), "login_required")
	want(t, "bob", bob.signedIn(t), "")
	if diff := cmp.Diff([]string{"bob"}, p.SignedIn()); diff != "" {
		t.Error(diff)
	}
	_, after := process(t, on(kept))
	want(t, "phone, after a restart", phone.after(after).signedIn(t), "login_required")
}

func TestStoreThatFails(t *testing.T) {
	kept, broken := &shelf{}, errors.New("disk full")
	p, browser := process(t, on(kept))
	kept.err = broken
	browser.alice(t)
	want(t, "session", browser.signedIn(t), "")
	if err := p.StoreError(); !errors.Is(err, broken) {
		t.Errorf("error: %v", err)
	}
	kept.err = nil
	times := kept.times
	p.SignOut("nobody") // changes nothing; what was missed is saved
	p.SignOut("nobody")
	if err := p.StoreError(); err != nil || kept.times != times+1 {
		t.Errorf("error %v after %d saves", err, kept.times-times)
	}
	_, after := process(t, on(kept))
	want(t, "session after a restart", browser.after(after).signedIn(t), "")
}

func TestStoreThatCannotBeRead(t *testing.T) {
	for name, s := range map[string]*shelf{
		"an error":        {err: errors.New("no permission")},
		"half a file":     {saved: []byte(`{"version":1,`)},
		"an empty file":   {saved: []byte{}},
		"another version": {saved: []byte(`{"version":2}`)},
		"no key":          {saved: []byte(`{"version":1,"key":"bm8ga2V5"}`)},
	} {
		config := town(issuer)
		config.Store = s
		if _, err := idp.New(config); !errors.Is(err, idp.ErrStore) || s.err != nil && !errors.Is(err, s.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
