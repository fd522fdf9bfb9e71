package upstream

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Store keeps one document over a restart.
type Store interface {
	Load() ([]byte, error) // nil, nil: nothing was saved yet
	Save([]byte) error     // replaces what was saved; never called twice at once
}

// ErrStore is returned for what a Store has and nobody can read, or would not
// give.
var ErrStore = errors.New("what the authorization server has stored")

// documentVersion is that of the stored document; another one is not read.
const documentVersion = 1

// document is what outlives the process. Tokens and secrets are in it as
// digests. Pages, codes and sign-ins are not: a person does them again.
type document struct {
	Version int                     `json:"version"`
	Clients map[string]storedClient `json:"clients"` // by id; those that registered themselves
	Grants  []storedGrant           `json:"grants"`  // in the order they were given
}

type storedClient struct {
	Name         string   `json:"name"`
	Secret       string   `json:"secret,omitempty"` // a digest
	Method       string   `json:"method"`
	RedirectURIs []string `json:"redirect_uris"`
	GrantTypes   []string `json:"grant_types"`
}

type storedGrant struct {
	Client         string                 `json:"client"`
	Subject        string                 `json:"subject"`
	Resource       string                 `json:"resource"`
	Scopes         []string               `json:"scopes"`
	Revoked        bool                   `json:"revoked,omitempty"`
	Refresh        string                 `json:"refresh,omitempty"` // digest of the one that is good
	RefreshExpires time.Time              `json:"refresh_expires,omitzero"`
	Used           []string               `json:"used,omitempty"`   // digests of refresh tokens
	Access         map[string]storedToken `json:"access,omitempty"` // by digest
}

type storedToken struct {
	Scopes  []string  `json:"scopes"`
	Expires time.Time `json:"expires"`
}

// digest is what is kept of a token or a secret. They are random, so that
// nothing slower is needed; of an empty one nothing is kept.
func digest(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// keeper saves the state after each change. The state is read and saved under
// one lock, so that an older one never replaces a newer.
type keeper struct {
	store Store // nil: nothing is kept
	state func() document

	mu    sync.Mutex
	saved []byte // what the store has
	err   error  // of the last Save
}

func newKeeper(s Store, state func() document) *keeper { return &keeper{store: s, state: state} }

// keep saves the state if it is not what the store has. When it returns, every
// change made before it was called is saved, or the error is remembered.
func (k *keeper) keep() {
	if k.store == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now, err := json.Marshal(k.state())
	if err == nil && bytes.Equal(now, k.saved) {
		return
	}
	if err == nil {
		err = k.store.Save(now)
	}
	if k.err = err; err == nil {
		k.saved = now
	} else {
		k.saved = nil // who knows what the store has now
	}
}

func (k *keeper) failure() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

// StoreError is why the last change could not be saved; nil if it was, or if
// there is no Store. Requests are answered all the same, and the next one that
// may have changed something tries again.
func (a *AuthorizationServer) StoreError() error { return a.keeper.failure() }

func (a *AuthorizationServer) state() document {
	return document{Version: documentVersion, Clients: a.clients.stored(), Grants: a.grants.stored()}
}

func (a *AuthorizationServer) load(s Store) error {
	if s == nil {
		return nil
	}
	raw, err := s.Load()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	if raw == nil {
		return nil
	}
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	if d.Version != documentVersion {
		return fmt.Errorf("%w: version %d; this program reads version %d", ErrStore, d.Version, documentVersion)
	}
	a.clients.load(d.Clients)
	a.grants.load(d.Grants)
	a.keeper.saved = raw
	return nil
}

func (c *clients) stored() map[string]storedClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]storedClient{}
	for id, each := range c.all {
		if each.registered {
			all[id] = storedClient{each.name, each.secret, each.method, each.redirectURIs, each.grantTypes}
		}
	}
	return all
}

// load takes clients back; one that is configured by now stays as configured.
func (c *clients) load(all map[string]storedClient) {
	for id, each := range all {
		if _, known := c.get(id); known {
			continue
		}
		c.put(client{
			id: id, name: each.Name, secret: each.Secret, method: each.Method,
			redirectURIs: each.RedirectURIs, grantTypes: each.GrantTypes, registered: true,
		})
	}
}

func (g *grants) stored() []storedGrant {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]storedGrant, len(g.families))
	place := map[*grant]*storedGrant{}
	for i, f := range g.families {
		all[i] = storedGrant{
			Client: f.client, Subject: f.subject, Resource: f.resource, Scopes: f.scopes, Revoked: f.revoked,
			Refresh: f.refresh, RefreshExpires: g.clock.real(f.refreshExpires).UTC(), Access: map[string]storedToken{},
		}
		place[f] = &all[i]
	}
	for token, f := range g.refresh {
		if token != f.refresh {
			place[f].Used = append(place[f].Used, token)
		}
	}
	for token, t := range g.access {
		place[t.grant].Access[token] = storedToken{t.scopes, g.clock.real(t.expires).UTC()}
	}
	for i := range all {
		slices.SortFunc(all[i].Used, cmp.Compare[string]) // the same state, the same document
	}
	return all
}

func (g *grants) load(all []storedGrant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range all {
		f := &grant{
			client: s.Client, subject: s.Subject, resource: s.Resource, scopes: s.Scopes, revoked: s.Revoked,
			refresh: s.Refresh, refreshExpires: s.RefreshExpires,
		}
		g.families = append(g.families, f)
		for _, token := range s.Used {
			g.refresh[token] = f
		}
		if f.refresh != "" {
			g.refresh[f.refresh] = f
		}
		for token, t := range s.Access {
			g.access[token] = &accessToken{grant: f, scopes: t.Scopes, expires: t.Expires}
		}
	}
}
