package credential_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

// A caller that read the old grant before a refresh and asks after it.
func TestLateCallerDoesNotRefreshAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetting(t)
		store := &mapStore{grants: map[credential.Key]credential.Grant{}}
		s.vault = s.newVault(store)
		s.consent(t, alice)
		time.Sleep(time.Hour)
		s.as.tokenDelay = time.Second
		var wg sync.WaitGroup
		wg.Go(func() { s.token(t, alice) })
		synctest.Wait()
		store.slow(5 * time.Second)
		s.token(t, alice)
		wg.Wait()
		if got := s.as.grants("refresh"); got != 1 {
			t.Errorf("%d refreshes, want 1", got)
		}
	})
}

// A store that outlives the vault is enough to go on: the grant is complete.
func TestStoreCarriesOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetting(t)
		store := &mapStore{grants: map[credential.Key]credential.Grant{}}
		s.vault = s.newVault(store)
		s.consent(t, alice)
		s.vault = s.newVault(store)
		time.Sleep(time.Hour)
		s.token(t, alice)
		if got := s.as.grants("refresh"); got != 1 {
			t.Errorf("%d refreshes, want 1", got)
		}
		g := store.grants[credential.Key{Owner: alice, Server: "mail"}]
		if g.Issuer != asURL || g.Resource != mailURL {
			t.Errorf("stored for issuer %q, resource %q", g.Issuer, g.Resource)
		}
	})
}

func TestStoreFailures(t *testing.T) {
	s := newSetting(t)
	broken := errors.New("disk full")
	store := &mapStore{grants: map[credential.Key]credential.Grant{}, failure: broken}
	s.vault = s.newVault(store)
	if _, err := s.vault.Token(t.Context(), alice, "mail"); !errors.Is(err, broken) || errors.Is(err, credential.ErrConsentRequired) {
		t.Errorf("Token: %v", err)
	}
	if _, err := s.vault.Finish(t.Context(), alice, s.as.approve(t, s.begin(t, alice), "alice")); !errors.Is(err, broken) {
		t.Errorf("Finish: %v", err)
	}
}

// mapStore is a store whose answers can be late, or errors.
type mapStore struct {
	mu      sync.Mutex
	grants  map[credential.Key]credential.Grant
	failure error
	delay   time.Duration // between looking and answering
}

func (m *mapStore) slow(delay time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delay = delay
}

func (m *mapStore) Load(_ context.Context, key credential.Key) (credential.Grant, error) {
	m.mu.Lock()
	g, delay := m.grants[key], m.delay
	m.mu.Unlock()
	time.Sleep(delay)
	return g, m.failure
}

func (m *mapStore) Swap(_ context.Context, key credential.Key, old string, next credential.Grant) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.grants[key].ID != old {
		return false, m.failure
	}
	m.grants[key] = next
	return true, m.failure
}
