package upstream_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/upstream"
)

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

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func on(s upstream.Store) func(*upstream.AuthorizationServerConfig) {
	return func(c *upstream.AuthorizationServerConfig) { c.Store = s }
}

// restart puts the next process at the addresses of the last one.
func (p *protected) restart(s upstream.Store) {
	p.t.Helper()
	as, err := upstream.NewAuthorizationServer(upstream.AuthorizationServerConfig{
		Name: "mail-as", Issuer: p.asURL, Resource: p.resource, Store: s,
		People: []upstream.Account{{Subject: "s-alice", Name: "alice", Password: "badgers"}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	mail, err := upstream.New(upstream.Config{Name: "mail", Tools: tools(), Guard: upstream.OAuth(as, p.resource), Advertise: p.mailURL})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = mail.Close() })
	p.as = as
	p.asHandler.put(as)
	p.mailHandler.put(mail)
}

func TestTokensOutliveTheProcess(t *testing.T) {
	kept := &shelf{}
	p := protect(t, on(kept))
	access, refresh := p.connect()
	before := p.as.Grants()
	p.restart(kept)
	if who := said(t, p.whoami(access)); who != "s-alice" {
		t.Errorf("whoami says %q", who)
	}
	if diff := cmp.Diff(before, p.as.Grants()); diff != "" {
		t.Errorf("grants (-before +after):\n%s", diff)
	}
	_, refresh2 := p.tokens(p.token(p.rotation(refresh)))
	p.restart(kept)
	// A refresh token that was used before the restart still ends the family.
	p.refused(p.token(p.rotation(refresh)), 400, "invalid_grant")
	p.restart(kept)
	p.refused(p.token(p.rotation(refresh2)), 400, "invalid_grant")
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("access token of the family: %d", a.status)
	}
	p.connect() // the client is still registered
}

func TestSecretsOutliveTheProcessAsDigests(t *testing.T) {
	kept := &shelf{}
	p := protect(t, on(kept))
	access, refresh := p.connect()
	id, secret := p.register(`{"token_endpoint_auth_method":"client_secret_post"}`)
	for _, each := range []string{access, refresh, secret} {
		if strings.Contains(string(kept.saved), each) {
			t.Errorf("%s is stored as it is", each)
		}
	}
	p.restart(kept)
	p.clientID = id
	code := p.consent(nil, "allow").Get("code")
	p.refused(p.token(p.redemption(code).and(header{"client_secret": "x"})), 401, "invalid_client")
	p.tokens(p.token(p.redemption(code).and(header{"client_secret": secret})))
}

func TestWhatWasWithdrawnStaysWithdrawn(t *testing.T) {
	kept := &shelf{}
	p := protect(t, on(kept))
	access, refresh := p.connect()
	p.as.Expire("s-alice")
	p.restart(kept)
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("expired before the restart: %d", a.status)
	}
	_, refresh = p.tokens(p.token(p.rotation(refresh)))
	p.restart(kept)
	p.as.Revoke("s-alice") // of a grant whose code is lost
	p.restart(kept)
	p.refused(p.token(p.rotation(refresh)), 400, "invalid_grant")
	access, _ = p.connect()
	form := url.Values{"client_id": {p.clientID}, "token": {access}}
	send(t, http.MethodPost, p.asURL+"/revoke", header{"Content-Type": "application/x-www-form-urlencoded"}, form.Encode())
	p.restart(kept)
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("given back before the restart: %d", a.status)
	}
}

func TestGrantOfAnotherResourceIsNotRenewed(t *testing.T) {
	kept := &shelf{}
	p := protect(t, on(kept))
	_, refresh := p.connect()
	p.resource = p.mailURL + "/elsewhere"
	p.restart(kept)
	p.refused(p.token(p.rotation(refresh)), 400, "invalid_grant")
}

func TestStoreThatFails(t *testing.T) {
	kept, broken := &shelf{}, errors.New("disk full")
	p := protect(t, on(kept))
	kept.fail(broken)
	access, _ := p.connect()
	if a := p.whoami(access); a.status != http.StatusOK {
		t.Errorf("whoami: %d", a.status)
	}
	if err := p.as.StoreError(); !errors.Is(err, broken) {
		t.Errorf("error: %v", err)
	}
	kept.fail(nil)
	times := kept.times
	p.as.Expire("s-nobody") // changes nothing; what was missed is saved
	p.as.Expire("s-nobody")
	if err := p.as.StoreError(); err != nil || kept.times != times+1 {
		t.Errorf("error %v after %d saves", err, kept.times-times)
	}
	p.restart(kept)
	if a := p.whoami(access); a.status != http.StatusOK {
		t.Errorf("after the restart: %d", a.status)
	}
}

func TestStoreThatCannotBeRead(t *testing.T) {
	for name, s := range map[string]*shelf{
		"an error":        {err: errors.New("no permission")},
		"half a file":     {saved: []byte(`{"version":1,`)},
		"an empty file":   {saved: []byte{}},
		"another version": {saved: []byte(`{"version":2}`)},
	} {
		_, err := upstream.NewAuthorizationServer(upstream.AuthorizationServerConfig{
			Issuer: "https://as.example", Resource: "https://mail.example/mcp", Store: s,
		})
		if !errors.Is(err, upstream.ErrStore) || s.err != nil && !errors.Is(err, s.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// growing is a Store that sees an older state come after a newer.
type growing struct {
	shelf

	clients int // in the last document
	shrank  bool
}

func (g *growing) Save(b []byte) error {
	var d struct{ Clients map[string]any }
	if err := json.Unmarshal(b, &d); err != nil {
		return err
	}
	g.shrank = g.shrank || len(d.Clients) < g.clients // no lock: Save is never called twice at once
	g.clients = len(d.Clients)
	return g.shelf.Save(b)
}

// TestSavesKeepTheirOrder: however requests overlap, an older state never
// replaces a newer, and what was answered is stored.
func TestSavesKeepTheirOrder(t *testing.T) {
	kept := &growing{}
	p := protect(t, on(kept))
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			id, _ := p.register(`{"token_endpoint_auth_method":"none"}`)
			if saved, _ := kept.Load(); id == "" || !strings.Contains(string(saved), `"`+id+`"`) {
				t.Errorf("client %q was answered and is not stored", id)
			}
		})
	}
	all.Wait()
	if kept.shrank || kept.clients != 65 {
		t.Errorf("%d clients; an older state came after a newer: %v", kept.clients, kept.shrank)
	}
}

func TestAge(t *testing.T) {
	kept := &shelf{}
	p := protect(t, on(kept))
	access, refresh := p.connect()
	code := p.consent(nil, "allow").Get("code")
	p.as.Age(-time.Hour)
	p.as.Age(59 * time.Minute)
	p.refused(p.token(p.redemption(code)), 400, "invalid_grant")
	if a := p.whoami(access); a.status != http.StatusOK {
		t.Errorf("access token of 59 minutes: %d", a.status)
	}
	p.as.Age(time.Minute)
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("access token of an hour: %d", a.status)
	}
	access, refresh = p.tokens(p.token(p.rotation(refresh))) // what is new is new
	if a := p.whoami(access); a.status != http.StatusOK {
		t.Errorf("access token of now: %d", a.status)
	}
	page := p.browse(http.MethodGet, "/authorize?"+p.request(nil).Encode(), nil)
	p.as.Age(12 * time.Hour)
	if a := p.browse(http.MethodPost, "/consent", url.Values{"token": {field(t, page)}, "decision": {"allow"}}); a.status != http.StatusForbidden {
		t.Errorf("consent page of yesterday: %d", a.status)
	}
	if a := p.browse(http.MethodGet, "/authorize?"+p.request(nil).Encode(), nil); !strings.Contains(a.body, `type="password"`) {
		t.Errorf("still signed in: %s", a.body)
	}
	p.as.Age(29 * 24 * time.Hour)
	p.restart(kept) // it stays as old as it is
	p.as.Age(12 * time.Hour)
	p.refused(p.token(p.rotation(refresh)), 400, "invalid_grant")
}

func TestGrants(t *testing.T) {
	p := protect(t, nil)
	if got := p.as.Grants(); len(got) != 0 {
		t.Errorf("before: %v", got)
	}
	p.consent(nil, "allow") // a code alone is no connection
	_, refresh := p.connect()
	p.tokens(p.token(p.rotation(refresh)))
	first := p.as.Grants()
	if len(first) != 1 {
		t.Fatalf("%d grants", len(first))
	}
	p.as.Age(time.Hour)
	access, rest := first[0].AccessExpires, first[0].RefreshExpires
	if left := time.Until(access); left <= 59*time.Minute || left > time.Hour {
		t.Errorf("access token expires in %v", left)
	}
	if between := rest.Sub(access); between != 30*24*time.Hour-time.Hour {
		t.Errorf("refresh token lives %v longer", between)
	}
	if aged := p.as.Grants()[0].AccessExpires; aged.After(time.Now()) {
		t.Errorf("an hour later the access token expires in %v", time.Until(aged))
	}
	p.as.Revoke("s-alice")
	p.connect()
	got := p.as.Grants()
	want := []upstream.GrantInfo{
		{Subject: "s-alice", ClientID: p.clientID, ClientName: "Portico <b>", Scopes: []string{"mcp"}, Revoked: true},
		{Subject: "s-alice", ClientID: p.clientID, ClientName: "Portico <b>", Scopes: []string{"mcp"}},
	}
	ignoreTimes := cmp.Transformer("untimed", func(i upstream.GrantInfo) map[string]any {
		return map[string]any{"who": i.Subject + i.ClientID + i.ClientName, "scopes": i.Scopes, "revoked": i.Revoked}
	})
	if diff := cmp.Diff(want, got, ignoreTimes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
