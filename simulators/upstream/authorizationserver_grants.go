package upstream

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"sync"
	"time"
)

type lifetimes struct{ access, refresh, code time.Duration }

// grant is what one person allowed one client, and the family of all tokens
// that came of it.
type grant struct {
	client, subject, resource string
	scopes                    []string
	revoked                   bool
	refresh                   string // digest of the one refresh token that is good; empty: none
	refreshExpires            time.Time
}

// code is an authorization code.
type code struct {
	grant       *grant
	redirectURI string
	challenge   string
	expires     time.Time
	used        bool
}

// accessToken is an access token.
type accessToken struct {
	grant   *grant
	scopes  []string
	expires time.Time
}

// tokens are what the token endpoint issues.
type tokens struct {
	access, refresh string // refresh empty: none
	scopes          []string
	lifetime        time.Duration // of the access token
}

// bearing is what an access token stands for.
type bearing struct {
	subject, client, resource string
	scopes                    []string
}

// grants are all codes and tokens. Used codes and refresh tokens are kept, so
// that a second use is seen.
type grants struct {
	lifetimes lifetimes
	clock     *clock

	mu       sync.Mutex
	codes    map[string]*code
	families []*grant                // those of which there are tokens, oldest first
	access   map[string]*accessToken // by digest
	refresh  map[string]*grant       // by digest
}

func newGrants(l lifetimes, c *clock) *grants {
	return &grants{
		lifetimes: l, clock: c,
		codes: map[string]*code{}, access: map[string]*accessToken{}, refresh: map[string]*grant{},
	}
}

// code makes a code for what a person has just allowed.
func (g *grants) code(request authorization, subject, resource string) string {
	name := rand.Text()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.codes[name] = &code{
		grant:       &grant{client: request.to.client.id, subject: subject, resource: resource, scopes: request.scopes},
		redirectURI: request.to.redirectURI,
		challenge:   request.challenge,
		expires:     g.clock.now().Add(g.lifetimes.code),
	}
	return name
}

// redemption is what a client shows together with a code.
type redemption struct {
	client                client
	redirectURI, verifier string
}

func (g *grants) redeem(name string, shown redemption) (tokens, *oauthError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.codes[name]
	if !ok || c.grant.client != shown.client.id {
		return tokens{}, errInvalidGrant.because("the code is not known, or not this client's")
	}
	if c.used {
		c.grant.revoked = true // RFC 6749 §4.1.2: tokens issued from it SHOULD be revoked
		return tokens{}, errInvalidGrant.because("the code was used before")
	}
	sum := sha256.Sum256([]byte(shown.verifier))
	switch {
	case c.grant.revoked || !g.clock.now().Before(c.expires):
		return tokens{}, errInvalidGrant.because("the code has expired")
	case c.redirectURI != shown.redirectURI:
		return tokens{}, errInvalidGrant.because("redirect_uri is not that of the authorization request")
	case !equal(c.challenge, base64.RawURLEncoding.EncodeToString(sum[:])):
		return tokens{}, errInvalidGrant.because("code_verifier does not match code_challenge")
	}
	c.used = true
	g.families = append(g.families, c.grant)
	return g.issue(c.grant, c.grant.scopes, shown.client.refreshes()), nil
}

// rotation is who wants new tokens for a refresh token, and which.
type rotation struct {
	client   client
	resource string
	scopes   []string // none: those that were granted
}

// rotate gives new tokens for a refresh token, which is good once: a second use
// means that somebody has a copy, and ends the family (RFC 9700 §4.14.2).
func (g *grants) rotate(token string, wanted rotation) (tokens, *oauthError) {
	token, scopes := digest(token), wanted.scopes
	g.mu.Lock()
	defer g.mu.Unlock()
	family, ok := g.refresh[token]
	switch {
	case !ok || family.client != wanted.client.id:
		return tokens{}, errInvalidGrant.because("the refresh token is not known, or not this client's")
	case family.revoked:
		return tokens{}, errInvalidGrant.because("the grant was revoked")
	case family.refresh != token:
		family.revoked = true
		return tokens{}, errInvalidGrant.because("the refresh token was used before")
	case !g.clock.now().Before(family.refreshExpires):
		return tokens{}, errInvalidGrant.because("the refresh token has expired")
	case family.resource != wanted.resource: // stored before the server had another address
		return tokens{}, errInvalidGrant.because("the grant is for another resource")
	case !within(scopes, family.scopes):
		return tokens{}, errInvalidScope.because("a scope was not granted")
	case len(scopes) == 0:
		scopes = family.scopes
	}
	return g.issue(family, scopes, true), nil
}

// issue makes tokens. The caller holds the lock.
func (g *grants) issue(family *grant, scopes []string, refreshes bool) tokens {
	now := g.clock.now()
	g.forget(now)
	issued := tokens{access: rand.Text(), scopes: scopes, lifetime: g.lifetimes.access}
	g.access[digest(issued.access)] = &accessToken{grant: family, scopes: scopes, expires: now.Add(g.lifetimes.access)}
	if refreshes {
		issued.refresh = rand.Text()
		family.refresh, family.refreshExpires = digest(issued.refresh), now.Add(g.lifetimes.refresh)
		g.refresh[family.refresh] = family
	}
	return issued
}

// introspect says what an access token stands for, if it is good now.
func (g *grants) introspect(token string) (bearing, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t, ok := g.access[digest(token)]
	if !ok || t.grant.revoked || !g.clock.now().Before(t.expires) {
		return bearing{}, false
	}
	return bearing{subject: t.grant.subject, client: t.grant.client, resource: t.grant.resource, scopes: t.scopes}, true
}

// revoke ends an access token, or a refresh token and its whole family (RFC
// 7009 §2.1).
func (g *grants) revoke(token string, c client) *oauthError {
	token = digest(token)
	g.mu.Lock()
	defer g.mu.Unlock()
	if t, ok := g.access[token]; ok {
		if t.grant.client != c.id {
			return errUnauthorizedClient.because("the token is not this client's")
		}
		delete(g.access, token)
	}
	if family, ok := g.refresh[token]; ok {
		if family.client != c.id {
			return errUnauthorizedClient.because("the token is not this client's")
		}
		family.revoked = true
	}
	return nil
}

func (g *grants) expire(subject string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.now()
	for _, t := range g.access {
		if t.grant.subject == subject {
			t.expires = now
		}
	}
}

func (g *grants) revokeSubject(subject string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.codes {
		if c.grant.subject == subject {
			c.grant.revoked = true
		}
	}
	for _, f := range g.families { // their codes may be lost
		if f.subject == subject {
			f.revoked = true
		}
	}
}

// list describes the families, oldest first.
func (g *grants) list() []GrantInfo {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]GrantInfo, len(g.families))
	place := map[*grant]*GrantInfo{}
	for i, f := range g.families {
		all[i] = GrantInfo{
			Subject: f.subject, ClientID: f.client, Scopes: slices.Clone(f.scopes),
			RefreshExpires: g.clock.real(f.refreshExpires), Revoked: f.revoked,
		}
		place[f] = &all[i]
	}
	for _, t := range g.access {
		info := place[t.grant]
		if expires := g.clock.real(t.expires); expires.After(info.AccessExpires) {
			info.AccessExpires = expires
		}
	}
	return all
}

// forget drops the access tokens that have expired: they are refused either
// way. The caller holds the lock.
func (g *grants) forget(now time.Time) {
	maps.DeleteFunc(g.access, func(_ string, t *accessToken) bool { return !now.Before(t.expires) })
}
