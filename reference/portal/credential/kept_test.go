package credential_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

// paper is a document that keeps everything that was written on it.
type paper struct {
	mu    sync.Mutex
	saved []string
	fails error         // of Save
	takes time.Duration // to save
}

func (p *paper) Load() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.saved) == 0 {
		return nil, nil
	}
	return []byte(p.saved[len(p.saved)-1]), nil
}

func (p *paper) Save(text []byte) error {
	if p.takes > 0 {
		<-time.After(p.takes)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails == nil {
		p.saved = append(p.saved, string(text))
	}
	return p.fails
}

// restart makes a vault of what is on paper.
func (s *setting) restart(t *testing.T, p *paper) {
	t.Helper()
	store, err := credential.Kept(p)
	if err != nil {
		t.Fatal(err)
	}
	s.vault = s.newVault(store)
}

func TestGrantsAndRegistrationsSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := newSetting(t), &paper{}
		s.restart(t, p)
		s.consent(t, alice)
		first := s.token(t, alice)

		s.restart(t, p)

		if !s.vault.Connected(alice, "mail") || s.token(t, alice) != first {
			t.Error("another token than before the restart")
		}
		s.consent(t, bob)
		if got := len(s.as.registrations); got != 1 {
			t.Errorf("%d registrations, want 1", got)
		}
		time.Sleep(time.Hour)
		second := s.token(t, alice)
		s.restart(t, p)
		if s.token(t, alice) != second || s.as.grants("refresh") != 1 {
			t.Error("what was renewed was lost")
		}
		if err := s.vault.Forget(alice, "mail"); err != nil {
			t.Fatal(err)
		}
		s.restart(t, p)
		if _, err := s.vault.Token(t.Context(), alice, "mail"); !errors.Is(err, credential.ErrConsentRequired) {
			t.Errorf("what was forgotten came back: %v", err)
		}
		s.token(t, bob)
	})
}

// F-09: a secret does not follow a server that moves, not even over a restart.
func TestAManualClientStaysWithItsIssuerOverARestart(t *testing.T) {
	s, p := newSetting(t), &paper{}
	s.restart(t, p)
	s.as.clients["by-hand"] = manualClient("client_secret_basic")
	s.server.Manual = &credential.Registration{ClientID: "by-hand", ClientSecret: "shh"}
	s.begin(t, alice)
	evil := newAuthorizationServer("https://evil-as.example", mailURL)
	s.hosts[evil.issuer] = evil
	s.mail.documents[prmPath+"/mcp"] = resourceOf(mailURL, evil.issuer)
	s.restart(t, p)
	if where, err := s.vault.Begin(t.Context(), bob, s.server, ""); where != "" || !errors.Is(err, credential.ErrRegistration) {
		t.Errorf("got %q, %v, want ErrRegistration", where, err)
	}
}

// UA-08 over a restart: a grant of an issuer that the server no longer names.
func TestAServerThatMovedHasMovedAfterARestart(t *testing.T) {
	s, p := newSetting(t), &paper{}
	s.restart(t, p)
	s.consent(t, alice)
	s.as = newAuthorizationServer("https://second-as.example", mailURL)
	s.hosts[s.as.issuer] = s.as
	s.mail.documents[prmPath+"/mcp"] = resourceOf(mailURL, s.as.issuer)
	s.begin(t, bob)
	s.restart(t, p)
	if _, err := s.vault.Token(t.Context(), alice, "mail"); !errors.Is(err, credential.ErrConsentRequired) {
		t.Errorf("the old issuer's token is given out: %v", err)
	}
}

func TestAClientThatIsGoneIsRegisteredAnewAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := newSetting(t), &paper{}
		s.restart(t, p)
		s.consent(t, alice)
		time.Sleep(time.Hour)
		s.as.answer(status(401, `{"error":"invalid_client"}`))
		if _, err := s.vault.Token(t.Context(), alice, "mail"); !errors.Is(err, credential.ErrConsentRequired) {
			t.Fatalf("%v", err)
		}
		s.as.answer(nil)
		s.restart(t, p)
		s.consent(t, alice)
		if got := len(s.as.registrations); got != 2 {
			t.Errorf("%d registrations, want 2", got)
		}
	})
}

func TestADocumentThatCannotBeReadIsNoBeginning(t *testing.T) {
	s, p := newSetting(t), &paper{}
	s.restart(t, p)
	s.consent(t, alice)
	good, _ := p.Load()
	token := string(s.token(t, alice))
	changed := func(old, new string) string {
		t.Helper()
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("%q is not in the document", old)
		}
		return strings.ReplaceAll(string(good), old, new)
	}
	for name, c := range map[string]struct{ text, says string }{
		"empty":            {"", "no JSON"},
		"cut short":        {string(good[:len(good)/2]), "no JSON"},
		"an older one":     {`{"grants":[]}`, "version 0"},
		"a newer one":      {changed(`"version":1`, `"version":2`), "version 2"},
		"unknown member":   {changed(`"dynamic"`, `"dynamite"`), "dynamite"},
		"nobody's grant":   {changed(`"`+string(alice)+`"`, `""`), "lacks"},
		"no token address": {changed(`"token_endpoint":"`+asURL+`/token"`, `"token_endpoint":""`), "lacks"},
		"a nameless one":   {changed(`"client_id":"`, `"client_id":"","client_secret":"`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := credential.Kept(&paper{saved: []string{c.text}})
			if !errors.Is(err, credential.ErrDocument) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), token) {
				t.Errorf("error %v, want one about %q", err, c.says)
			}
		})
	}
}

func TestAFailingDocumentIsToldOfAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := newSetting(t), &paper{}
		s.restart(t, p)
		s.consent(t, alice)
		s.consent(t, bob)
		p.fails = errors.New("disk full")
		time.Sleep(time.Hour)
		if _, err := s.vault.Token(t.Context(), alice, "mail"); !errors.Is(err, p.fails) {
			t.Errorf("Token: %v", err)
		}
		renewed := s.token(t, alice) // of the refresh token that is spent there is no second use
		if err := s.vault.Forget(bob, "mail"); !errors.Is(err, p.fails) {
			t.Errorf("Forget: %v", err)
		}
		if _, err := s.vault.Begin(t.Context(), bob, s.server, ""); !errors.Is(err, p.fails) {
			t.Errorf("Begin: %v", err)
		}
		p.fails = nil
		s.begin(t, bob) // any write saves what was missed
		s.restart(t, p)
		if s.token(t, alice) != renewed || s.vault.Connected(bob, "mail") {
			t.Error("what happened meanwhile was lost")
		}
	})
}

func TestAnEarlierStateNeverReplacesALaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{takes: time.Second}
		store, err := credential.Kept(p)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				key, id := credential.Key{Owner: alice, Server: string(rune('a' + i))}, "id-"+string(rune('a'+i))
				done, err := store.Swap(t.Context(), key, "", credential.Grant{ID: id, TokenEndpoint: "x"})
				if text, _ := p.Load(); !done || err != nil || !bytes.Contains(text, []byte(id)) {
					t.Errorf("%s: %v, %v, stored: %s", id, done, err, text)
				}
			})
		}
		all.Wait()
		last := 0
		for _, text := range p.saved {
			n := strings.Count(text, `"id":"id-`)
			if n < last {
				t.Errorf("%d grants were stored after %d", n, last)
			}
			last = n
		}
		if took := time.Since(begun); last != 20 || took > 2*time.Second {
			t.Errorf("%d grants stored in %v", last, took)
		}
	})
}
