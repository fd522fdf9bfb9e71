package access_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/portico-mcp/portico/reference/access"
)

// lobby signs in whoever is there.
type lobby struct {
	provider
	there *access.Identity
}

func (l lobby) Identity(*http.Request, access.Login, string) (access.Identity, error) {
	return *l.there, nil
}

var (
	alice = access.Identity{Subject: "00u-alice", Email: "alice@town.example", Name: "Alice"}
	bob   = access.Identity{Subject: "00u-bob", Email: "bob@town.example", Name: "Bob"}
	eve   = access.Identity{Subject: "00u-eve"} // without an email that anybody vouches for
)

// openLobby is a front door and who signs in there; it may be changed.
func openLobby(t *testing.T, s access.Store) (*door, *access.Identity) {
	there := alice
	return openConfigured(t, func(c *access.Config) { c.Provider, c.Store = lobby{there: &there}, s }), &there
}

// good says whether an access token and a refresh token work; the latter is
// used up.
func (d *door) good(v visit) [2]bool {
	return [2]bool{d.call(v.access).StatusCode == http.StatusOK, d.refresh(v.id, v.refresh).StatusCode == http.StatusOK}
}

func TestAdministratorsSeeGrantsAndNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		d, there := openLobby(t, &drawer{})
		*there = bob
		of := d.settle(t)
		time.Sleep(time.Second)
		*there = alice
		d.settle(t)
		d.code(t, d.register(t)) // waits for its client: no grant yet
		got := d.Grants()
		if len(got) != 2 || got[0].Identity != alice || got[1].Identity != bob {
			t.Fatalf("grants %+v", got)
		}
		g := got[1]
		if g.ClientID != of.id || g.ClientName != "editor" || !g.Began.Equal(began) || !g.Ends.Equal(began.Add(14*24*time.Hour)) ||
			!g.Expires.Equal(began.Add(15*time.Minute)) || g.ID == "" {
			t.Errorf("grant %+v", g)
		}
		time.Sleep(14 * 24 * time.Hour)
		if left := d.Grants(); len(left) != 0 {
			t.Errorf("grants after their time: %+v", left)
		}
	})
}

func TestARevokedPersonIsOutAndNobodyElse(t *testing.T) {
	s := &drawer{}
	d, there := openLobby(t, s)
	*there = bob
	his := d.settle(t)
	*there = alice
	hers, second := d.settle(t), d.settle(t)
	id := d.register(t)
	waiting, cookie := d.code(t, id), d.cookies["__Host-access"]

	if n := d.Revoke("Alice@town.example"); n != 2 {
		t.Errorf("%d grants ended, want 2", n)
	}

	for name, v := range map[string]visit{"one": hers, "the other": second} {
		if d.good(v) != [2]bool{} {
			t.Errorf("her %s grant is still good", name)
		}
	}
	wants(t, "a code that waited", d.exchange(id, waiting), 400, "invalid_grant")
	d.cookies["__Host-access"] = cookie
	if got := d.status("POST", "/servers/mail/connect", nil); got != http.StatusUnauthorized {
		t.Errorf("her browser: %d", got)
	}
	if n := d.Revoke(alice.Email); n != 0 {
		t.Errorf("%d more grants ended", n)
	}
	after, _ := openLobby(t, s)
	if after.good(hers) != [2]bool{} || after.good(his) != [2]bool{true, true} {
		t.Error("after a restart she is in, or he is not")
	}
}

func TestNobodysEmailIsNotEverybodys(t *testing.T) {
	d, there := openLobby(t, nil)
	*there = eve
	v := d.settle(t)
	if n := d.Revoke("") + d.Expire(""); n != 0 || d.good(v) != [2]bool{true, true} {
		t.Errorf("%d ended", n)
	}
}

func TestAnExpiredPersonIsAskedThePoliciesAgain(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		s := &drawer{}
		d, there := openLobby(t, s)
		*there = bob
		his := d.settle(t)
		*there = alice
		hers := d.settle(t)

		if n := d.Expire(alice.Email); n != 1 {
			t.Errorf("%d access tokens ended, want 1", n)
		}

		if n := d.Expire(alice.Email); n != 0 {
			t.Errorf("%d more access tokens ended", n)
		}
		for when, d := range map[string]*door{"now": d, "after a restart": s.opened(t)} {
			if res := d.call(hers.access); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s her access token: %d", when, res.StatusCode)
			}
		}
		if d.good(his) != [2]bool{true, true} {
			t.Error("he was signed out too")
		}
		d.allowed = allowed
		res := d.refresh(hers.id, hers.refresh)
		if ok := res.StatusCode == http.StatusOK; ok != allowed {
			t.Fatalf("allowed %v, and the refresh: %d", allowed, res.StatusCode)
		}
		if allowed && d.call(document(t, res)["access_token"].(string)).StatusCode != http.StatusOK {
			t.Error("her new access token is not good")
		}
	}
}

// kidOf is the key that signed the last application token.
func (d *door) kidOf(t *testing.T) string {
	t.Helper()
	token, _, err := jwt.NewParser().ParseUnverified(d.heard[len(d.heard)-1].Header.Get("Cf-Access-Jwt-Assertion"), jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return token.Header["kid"].(string)
}

// published are the ids of the keys at CertsPath, the newest first.
func (d *door) published(t *testing.T) (ids []string) {
	t.Helper()
	for _, key := range document(t, d.send("GET", access.CertsPath, nil, "", false))["keys"].([]any) {
		ids = append(ids, key.(map[string]any)["kid"].(string))
	}
	return ids
}

func TestARotationCutsNobodyOff(t *testing.T) {
	first, second := newKey(t), newKey(t)
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		before := d.published(t)
		old, early, late := d.settle(t), d.settle(t), d.settle(t)
		d.call(old.access)

		d.Rotate(first)

		now := d.published(t)
		if len(before) != 1 || len(now) != 2 || now[1] != before[0] || now[0] == before[0] {
			t.Fatalf("published %v, then %v", before, now)
		}
		signs := func(v visit, want, when string) {
			t.Helper()
			if d.call(v.access); d.kidOf(t) != want {
				t.Errorf("%s: not signed as it should be", when)
			}
		}
		signs(early, before[0], "before whoever verifies can have heard of the key")
		time.Sleep(10 * time.Second)
		signs(late, now[0], "afterwards")
		signs(old, before[0], "what the old key signed lives out")
		d.Rotate(first) // the one there is: nothing changes
		d.Rotate(nil)
		if same := d.published(t); same[0] != now[0] || same[1] != now[1] {
			t.Errorf("published %v", same)
		}
		d.Rotate(second)
		last := d.published(t)
		if len(last) != 2 || last[1] != now[0] {
			t.Errorf("published %v", last)
		}
		signs(old, now[0], "what a key signed that is gone is signed anew")
	})
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAdministrationAndCallsDoNotRace(t *testing.T) {
	s := &drawer{}
	d := openConfigured(t, func(c *access.Config) {
		c.Store, c.Next = s, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}) // notes nothing, so that many may call
	})
	v, key := d.settle(t), newKey(t)
	var revoked atomic.Bool
	var turn atomic.Int32
	atOnce(func() bool {
		switch turn.Add(1) % 5 {
		case 0:
			d.Rotate(key)
		case 1:
			d.Expire(alice.Email)
		case 2:
			d.Grants()
			d.refresh(v.id, v.refresh)
		case 3:
			d.Revoke(alice.Email)
			revoked.Store(true)
		default:
			known := revoked.Load()
			if ok := d.call(v.access).StatusCode == http.StatusOK; ok && known {
				t.Error("a revoked token was good")
			}
		}
		return true
	})
	if got := d.Grants(); len(got) != 0 {
		t.Errorf("left: %+v", got)
	}
	if got := s.opened(t).Grants(); len(got) != 0 {
		t.Errorf("left after a restart: %+v", got)
	}
}
