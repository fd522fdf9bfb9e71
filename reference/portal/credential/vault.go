package credential

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Vault obtains, keeps and renews OAuth credentials. It is safe for concurrent
// use and starts no goroutines.
type Vault struct {
	config    Config
	fetch     fetcher
	store     Store
	refreshes flights[Key, Secret]
	registers flights[string, Registration] // by issuer

	mu      sync.Mutex          // guards what follows; never held during I/O
	pending map[string]flow     // by state
	clients map[string]client   // dynamic registrations, by issuer
	issuers map[string][]string // by server: what its metadata named last
	pins    map[string]string   // by server and client id: issuer a manual registration without one was first used with
	doubts  map[Key]doubt
}

// doubt is what upstreams and authorization servers said about a grant that is
// still stored.
type doubt struct {
	rejected Secret   // access token that the upstream answered 401 to
	refused  string   // ID of the grant that the authorization server would not renew
	scopes   []string // what to ask for at the next consent (step-up); nil: nothing special
}

// New makes a vault. It does no network I/O.
func New(c Config) *Vault {
	if c.ClientName == "" {
		c.ClientName = "MCP server portal"
	}
	if c.Store == nil {
		c.Store = newMemory()
	}
	v := &Vault{
		config: c, fetch: newFetcher(c.HTTP), store: c.Store,
		pending: map[string]flow{}, clients: map[string]client{}, issuers: map[string][]string{},
		pins: map[string]string{}, doubts: map[Key]doubt{},
	}
	if k, ok := c.Store.(*kept); ok {
		v.restore(k.attach(v.registrations))
	}
	return v
}

// Connected reports whether the owner has a grant for this server that can be
// expected to work without another consent. It asks nobody but the store.
func (v *Vault) Connected(owner Owner, server string) bool {
	key := Key{owner, server}
	g, err := v.load(context.Background(), key)
	if err != nil {
		return false
	}
	d := v.doubt(key)
	if d.refused == g.ID || d.scopes != nil {
		return false
	}
	return g.RefreshToken != "" || d.rejected != g.AccessToken && alive(g, time.Now())
}

// Forget drops the owner's grant for this server. A renewal that is under way is
// thrown away when it ends. The error is the store's.
func (v *Vault) Forget(owner Owner, server string) error {
	key := Key{owner, server}
	if err := v.replace(context.Background(), key, Grant{}); err != nil {
		return fmt.Errorf("forget grant for upstream %q: %w", server, err)
	}
	v.clear(key)
	return nil
}

// Rejected tells that the upstream answered 401 to this access token, which is
// not used again: the next Token renews the grant. A token that has been renewed
// meanwhile is left alone, so every parallel caller may report.
func (v *Vault) Rejected(owner Owner, server string, token Secret) {
	v.mu.Lock()
	defer v.mu.Unlock()
	d := v.doubts[Key{owner, server}]
	d.rejected = token
	v.doubts[Key{owner, server}] = d
}

// Challenged takes the WWW-Authenticate value of a 403 from the upstream. If it
// says insufficient_scope, the next Begin of this owner asks for the scopes of
// its grant and those of the challenge together (MCP 2026-07-28 Authorization,
// "Step-Up Authorization Flow"), and Connected is false until then. A challenge
// for what was asked for already changes nothing, so there is no loop of consents.
func (v *Vault) Challenged(ctx context.Context, owner Owner, server, challenge string) error {
	c := readChallenge(map[string][]string{"Www-Authenticate": {challenge}})
	if c.code != "insufficient_scope" {
		return nil
	}
	key := Key{owner, server}
	g, err := v.load(ctx, key)
	if err != nil {
		return fmt.Errorf("note challenge of upstream %q: %w", server, err)
	}
	had := scopesOf(g.Scope)
	union := cleanScopes(append(slices.Clone(had), c.scopes...))
	if len(union) == len(had) {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	d := v.doubts[key]
	d.scopes = union
	v.doubts[key] = d
	return nil
}

func (v *Vault) doubt(key Key) doubt {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.doubts[key]
}

func (v *Vault) clear(key Key) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.doubts, key)
}

// load returns the owner's grant. A grant of an issuer that the server no longer
// names counts as none: it MUST NOT be used with another authorization server,
// and the server has moved (MCP 2026-07-28 Authorization, "Authorization Server
// Binding").
func (v *Vault) load(ctx context.Context, key Key) (Grant, error) {
	g, err := v.store.Load(ctx, key)
	if err != nil {
		return Grant{}, fmt.Errorf("load grant: %w", err)
	}
	if g.ID == "" {
		return Grant{}, ErrConsentRequired
	}
	v.mu.Lock()
	named, known := v.issuers[key.Server]
	v.mu.Unlock()
	if known && !slices.Contains(named, g.Issuer) {
		return Grant{}, fmt.Errorf("%w: the server has another authorization server now", ErrConsentRequired)
	}
	return g, nil
}

// replace puts g in the place of whatever is stored.
func (v *Vault) replace(ctx context.Context, key Key, g Grant) error {
	const attempts = 5 // a concurrent renewal can win at most a few times
	for range attempts {
		old, err := v.store.Load(ctx, key)
		if err != nil {
			return err
		}
		if old.ID == "" && g.ID == "" {
			return nil
		}
		if done, err := v.store.Swap(ctx, key, old.ID, g); err != nil || done {
			return err
		}
	}
	return fmt.Errorf("%w: the grant changes too often", ErrUnavailable)
}

// alive reports whether the access token may still be sent.
func alive(g Grant, now time.Time) bool { return g.Expires.IsZero() || now.Before(g.Expires) }

// fresh reports whether the access token may be sent without renewing it first.
func fresh(g Grant, now time.Time) bool { return g.Renew.IsZero() || now.Before(g.Renew) }

// newID names one version of a grant.
func newID() string { return rand.Text() }
