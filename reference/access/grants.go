package access

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	codeLife  = time.Minute
	maxGrants = 100_000
	// maxRotations is how often one grant may be refreshed. Spent tokens are
	// remembered as long as their grant, so a client that refreshes in a loop
	// must not fill the memory; fourteen days of refreshing every 15 minutes
	// are 1,344.
	maxRotations = 4096
	sweepEvery   = time.Minute
)

// digest is what is kept of a token: who reads the store has no token.
type digest [sha256.Size]byte

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

// grant is what a person allowed a client. It ends with its time, with a
// revocation, or when one of its refresh tokens or codes is used twice. What
// is fixed may be read by anybody, the rest only with the store locked.
type grant struct {
	id     string
	who    Identity
	client string
	name   string // of the client, as it called itself
	began  time.Time

	ends      time.Time
	access    digest // the access token in force
	expires   time.Time
	refresh   digest // the refresh token in force
	rotations int
	spent     []digest // the code it began with, and refresh tokens; only ever appended to
}

// code is an authorization code that waits for its client (RFC 6749 §4.1.2).
type code struct {
	grant     *grant
	redirect  string
	challenge string
	until     time.Time
}

// grants keeps what was issued, by digest. Used codes and refresh tokens are
// remembered as long as their grant: presenting one again is theft.
type grants struct {
	accessLife, grantLife time.Duration
	changed               func() // called with the store locked, after what a restart must not lose

	mu      sync.Mutex
	swept   time.Time
	codes   map[digest]*code
	access  map[digest]*grant
	refresh map[digest]*grant // in force
	spent   map[digest]*grant // codes and refresh tokens that were used
	begun   map[*grant]bool   // whose code was redeemed
}

func newGrants(accessLife, grantLife time.Duration, changed func()) *grants {
	return &grants{accessLife: accessLife, grantLife: grantLife, changed: changed,
		codes: map[digest]*code{}, access: map[digest]*grant{}, refresh: map[digest]*grant{}, spent: map[digest]*grant{}, begun: map[*grant]bool{}}
}

// tokens is what a client is given.
type tokens struct {
	access, refresh string
	life            time.Duration
}

// issueCode begins a grant; "" if there is no room.
func (g *grants) issueCode(f *flow) string {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweep(now)
	if len(g.codes)+len(g.refresh) >= maxGrants {
		return ""
	}
	text := opaque("")
	g.codes[digestOf(text)] = &code{
		grant: &grant{
			id: "grant:" + opaque("")[:26], who: f.who, client: f.client.id, name: f.client.name, began: now, ends: now.Add(g.grantLife),
		},
		redirect: f.redirect, challenge: f.challenge, until: now.Add(codeLife),
	}
	return text
}

// redeem takes a code of the client's out of force, whatever becomes of it;
// another client's attempt leaves it as it is. A code that was used already
// ends its grant (RFC 6749 §4.1.2).
func (g *grants) redeem(text, client string) *code {
	d, now := digestOf(text), time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := g.spent[d]; old != nil {
		g.revoke(old)
		return nil
	}
	c := g.codes[d]
	if c == nil || c.grant.client != client {
		return nil
	}
	delete(g.codes, d)
	if !now.Before(c.until) {
		return nil
	}
	g.begun[c.grant] = true
	g.spend(d, c.grant)
	return c
}

// issue gives a grant new tokens in place of the ones it has (RFC 9700 §4.14).
// It says false for a grant that ended in the meantime: a code or refresh token
// that two present at once ends it between redemption and issue.
func (g *grants) issue(of *grant) (tokens, bool) {
	t := tokens{access: opaque("portico_at_"), refresh: opaque("portico_rt_"), life: g.accessLife}
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !now.Before(of.ends) {
		return tokens{}, false
	}
	delete(g.access, of.access)
	of.access, of.refresh = digestOf(t.access), digestOf(t.refresh)
	of.expires = now.Add(g.accessLife)
	if of.ends.Before(of.expires) {
		of.expires, t.life = of.ends, of.ends.Sub(now)
	}
	g.access[of.access], g.refresh[of.refresh] = of, of
	g.changed()
	return t, true
}

// rotate takes a refresh token out of force and gives its grant. One that was
// used already ends the grant: somebody else has it.
func (g *grants) rotate(text, client string) *grant {
	d, now := digestOf(text), time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := g.spent[d]; old != nil {
		g.revoke(old)
		return nil
	}
	of := g.refresh[d]
	if of == nil || of.client != client || !now.Before(of.ends) {
		return nil
	}
	if of.rotations++; of.rotations > maxRotations {
		g.revoke(of)
		return nil
	}
	delete(g.refresh, d)
	g.spend(d, of)
	return of
}

// byAccessToken finds the grant of a token that is in force, and when it ends:
// one look-up.
func (g *grants) byAccessToken(text string) (*grant, time.Time) {
	d := digestOf(text)
	g.mu.Lock()
	defer g.mu.Unlock()
	of := g.access[d]
	if of == nil || !time.Now().Before(of.expires) {
		return nil, time.Time{}
	}
	return of, of.ends
}

// forget ends the grant of a token of the client's, of either kind.
func (g *grants) forget(text, client string) {
	d := digestOf(text)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, of := range []*grant{g.access[d], g.refresh[d]} {
		if of != nil && of.client == client {
			g.revoke(of)
		}
	}
}

// end revokes a grant.
func (g *grants) end(of *grant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.revoke(of)
}

// spend remembers that a code or refresh token was used.
func (g *grants) spend(d digest, of *grant) {
	g.spent[d], of.spent = of, append(of.spent, d)
	g.changed()
}

func (g *grants) revoke(of *grant) {
	of.ends = time.Time{}
	delete(g.begun, of)
	delete(g.access, of.access)
	delete(g.refresh, of.refresh)
	g.changed()
}

// sweep drops what has ended, now and then: it walks the whole store while
// every call waits.
func (g *grants) sweep(now time.Time) {
	if now.Sub(g.swept) < sweepEvery && len(g.codes)+len(g.refresh) < maxGrants {
		return
	}
	g.swept = now
	for d, c := range g.codes {
		if !now.Before(c.until) {
			delete(g.codes, d)
		}
	}
	for of := range g.begun {
		if !now.Before(of.ends) {
			delete(g.begun, of)
		}
	}
	for _, m := range []map[digest]*grant{g.access, g.refresh, g.spent} {
		for d, of := range m {
			if !now.Before(of.ends) {
				delete(m, d)
			}
		}
	}
}
