package access_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/reference/access"
)

// drawer is a store that keeps every document it was given.
type drawer struct {
	mu    sync.Mutex
	saved []string
	fails error         // of Save
	takes time.Duration // to save
}

func (s *drawer) Load() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.saved) == 0 {
		return nil, nil
	}
	return []byte(s.saved[len(s.saved)-1]), nil
}

func (s *drawer) Save(text []byte) error {
	if s.takes > 0 {
		<-time.After(s.takes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails == nil {
		s.saved = append(s.saved, string(text))
	}
	return s.fails
}

// opened is a front door over what a store has: after another one, a restart.
func (s *drawer) opened(t *testing.T) *door {
	t.Helper()
	return openConfigured(t, func(c *access.Config) { c.Store = s })
}

// visit is a client with tokens: its id, and what is good and what is used up.
type visit struct{ id, code, spent, access, refresh string }

// settle registers a client, lets alice allow it, and refreshes once.
func (d *door) settle(t *testing.T) visit {
	t.Helper()
	v := visit{id: d.register(t)}
	v.code = d.code(t, v.id)
	v.spent = document(t, d.exchange(v.id, v.code))["refresh_token"].(string)
	next := document(t, d.refresh(v.id, v.spent))
	v.access, v.refresh = next["access_token"].(string), next["refresh_token"].(string)
	return v
}

func TestWhatWasGrantedSurvivesARestart(t *testing.T) {
	s := &drawer{}
	v := s.opened(t).settle(t)

	d := s.opened(t)
	if res := d.call(v.access); res.StatusCode != http.StatusOK {
		t.Errorf("the access token: %d", res.StatusCode)
	}
	d.consent(t, request(v.id)) // the client is known
	res := d.refresh(v.id, v.refresh)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the refresh token: %d", res.StatusCode)
	}
	if again := s.opened(t).call(document(t, res)["access_token"].(string)); again.StatusCode != http.StatusOK {
		t.Errorf("the new access token after another restart: %d", again.StatusCode)
	}
}

func TestWhatIsUsedStaysUsedAfterARestart(t *testing.T) {
	for name, present := range map[string]func(*door, visit) *http.Response{
		"refresh token": func(d *door, v visit) *http.Response { return d.refresh(v.id, v.spent) },
		"code":          func(d *door, v visit) *http.Response { return d.exchange(v.id, v.code) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &drawer{}
			v := s.opened(t).settle(t)
			d := s.opened(t)
			wants(t, "used", present(d, v), 400, "invalid_grant")
			for when, d := range map[string]*door{"now": d, "after another restart": s.opened(t)} {
				if res := d.call(v.access); res.StatusCode != http.StatusUnauthorized {
					t.Errorf("the access token %s: %d", when, res.StatusCode)
				}
				wants(t, "the refresh token "+when, d.refresh(v.id, v.refresh), 400, "invalid_grant")
			}
		})
	}
}

func TestWhatEndedHasEndedAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &drawer{}
		d := s.opened(t)
		v, unused := d.settle(t), d.register(t)
		time.Sleep(15*time.Minute - time.Second)
		if res := s.opened(t).call(v.access); res.StatusCode != http.StatusOK {
			t.Errorf("an access token in its last second: %d", res.StatusCode)
		}
		time.Sleep(time.Second)
		if res := s.opened(t).call(v.access); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("an access token after its time: %d", res.StatusCode)
		}
		time.Sleep(24 * time.Hour)
		later := s.opened(t)
		if res := later.send("GET", "/oauth/authorize?"+request(unused).Encode(), nil, "", true); res.StatusCode != http.StatusBadRequest {
			t.Errorf("an unused registration: %d", res.StatusCode)
		}
		later.consent(t, request(v.id))
		time.Sleep(14 * 24 * time.Hour)
		wants(t, "a grant after its time", s.opened(t).refresh(v.id, v.refresh), 400, "invalid_grant")
	})
}

func TestARevocationSurvivesARestart(t *testing.T) {
	s := &drawer{}
	d := s.opened(t)
	v := d.settle(t)
	d.status("POST", "/oauth/revoke", map[string][]string{"token": {v.access}, "client_id": {v.id}})
	wants(t, "revoked", s.opened(t).refresh(v.id, v.refresh), 400, "invalid_grant")
}

func TestNoTokenIsStored(t *testing.T) {
	s := &drawer{}
	v := s.opened(t).settle(t)
	text := strings.Join(s.saved, "\n")
	if !strings.Contains(text, v.id) || !strings.Contains(text, "alice@town.example") {
		t.Fatalf("the documents lack the client or the person:\n%s", text)
	}
	for name, secret := range map[string]string{"code": v.code, "used refresh token": v.spent, "access token": v.access, "refresh token": v.refresh} {
		if strings.Contains(text, secret) || strings.Contains(text, secret[len("portico_xx_"):]) {
			t.Errorf("the %s is in a document", name)
		}
	}
}

func TestADocumentThatCannotBeReadIsNoBeginning(t *testing.T) {
	s := &drawer{}
	s.opened(t).settle(t)
	good, _ := s.Load()
	changed := func(old, new string) string {
		t.Helper()
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("%q is not in %s", old, good)
		}
		return strings.ReplaceAll(string(good), old, new)
	}
	for name, c := range map[string]struct{ text, says string }{
		"empty":             {"", "no JSON"},
		"cut short":         {string(good[:len(good)/2]), "no JSON"},
		"two":               {string(good) + string(good), "no JSON"},
		"an older one":      {`{"clients":[]}`, "version 0"},
		"a newer one":       {changed(`"version":1`, `"version":2`), "version 2"},
		"unknown member":    {changed(`"rotations"`, `"revolutions"`), "revolutions"},
		"a broken digest":   {changed(`"refresh_token":"`, `"refresh_token":"zz`), "digest"},
		"no refresh token":  {changed(`"refresh_token":"`, `"refresh_token":"","client_name":"`), "lacks"},
		"a grant of nobody": {changed(`"00u-alice"`, `""`), "lacks"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := access.New(access.Config{Origin: origin, Audience: "portal", Next: http.NotFoundHandler(), Store: &drawer{saved: []string{c.text}}})
			if !errors.Is(err, access.ErrStore) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one about %q", err, c.says)
			}
		})
	}
}

// A store whose document cannot be had is not one without a document.
type broken struct{ drawer }

func (*broken) Load() ([]byte, error) { return nil, errors.New("no such disk") }

func TestAStoreThatDoesNotLoadIsNoBeginning(t *testing.T) {
	_, err := access.New(access.Config{Origin: origin, Audience: "portal", Next: http.NotFoundHandler(), Store: &broken{}})
	if !errors.Is(err, access.ErrStore) || !strings.Contains(err.Error(), "no such disk") {
		t.Errorf("error %v", err)
	}
}

// clientsOf is how many clients a document holds.
func clientsOf(t *testing.T, text string) int {
	t.Helper()
	var k struct{ Clients []any }
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		t.Fatal(err)
	}
	return len(k.Clients)
}

func TestAnEarlierStateNeverReplacesALaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &drawer{takes: time.Second}
		d := s.opened(t)
		var all sync.WaitGroup
		begun := time.Now()
		for range 20 {
			all.Go(func() {
				r := d.send("POST", "/oauth/register", nil, `{"redirect_uris":["`+client+`"]}`, false)
				if r.StatusCode != http.StatusCreated {
					t.Errorf("status %d", r.StatusCode)
				}
				if got, _ := s.Load(); !strings.Contains(string(got), document(t, r)["client_id"].(string)) {
					t.Error("a client was answered before it was stored")
				}
			})
		}
		all.Wait()
		last := 0
		for _, text := range s.saved {
			n := clientsOf(t, text)
			if n < last {
				t.Errorf("%d clients were stored after %d", n, last)
			}
			last = n
		}
		if last != 20 {
			t.Errorf("%d clients stored", last)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("%v for what two saves hold", took)
		}
	})
}

func TestASaveThatTakesLongHoldsNoCallUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &drawer{}
		d := s.opened(t)
		v := d.settle(t)
		s.takes = time.Minute
		var all sync.WaitGroup
		all.Go(func() { d.send("POST", "/oauth/register", nil, `{"redirect_uris":["`+client+`"]}`, false) })
		synctest.Wait()
		begun := time.Now()
		if res := d.call(v.access); res.StatusCode != http.StatusOK || time.Since(begun) != 0 {
			t.Errorf("status %d after %v", res.StatusCode, time.Since(begun))
		}
		all.Wait()
	})
}

func TestASaveThatFailsFailsNothingElse(t *testing.T) {
	var log bytes.Buffer
	s := &drawer{fails: errors.New("disk full")}
	d := openConfigured(t, func(c *access.Config) { c.Store, c.Logger = s, slog.New(slog.NewTextHandler(&log, nil)) })
	v := d.settle(t)
	if res := d.call(v.access); res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
	if !strings.Contains(log.String(), "disk full") || strings.Contains(log.String(), v.refresh) {
		t.Errorf("the log: %s", log.String())
	}
	s.fails = nil
	d.register(t) // any change saves what was missed
	if res := s.opened(t).call(v.access); res.StatusCode != http.StatusOK {
		t.Errorf("after a restart: %d", res.StatusCode)
	}
}

func TestWhatChangesNothingIsNotStored(t *testing.T) {
	s := &drawer{}
	d := s.opened(t)
	v := d.settle(t)
	before := len(s.saved)
	for n := range 10 {
		d.refresh(v.id, fmt.Sprint("guess-", n))
		d.refresh("another", v.refresh)
		d.exchange(v.id, fmt.Sprint("guess-", n))
		d.status("POST", "/oauth/revoke", map[string][]string{"token": {"guess"}, "client_id": {v.id}})
		d.send("POST", "/oauth/register", nil, `{"redirect_uris":[]}`, false)
		d.call(v.access)
	}
	if after := len(s.saved); after != before {
		t.Errorf("%d documents were stored", after-before)
	}
}
