package access

import (
	"cmp"
	"crypto/rsa"
	"slices"
	"strings"
	"time"
)

// GrantInfo is what an administrator may know of a grant: no token, and no
// digest of one.
type GrantInfo struct {
	ID         string    `json:"id"`
	Identity   Identity  `json:"identity"`
	ClientID   string    `json:"client_id"`
	ClientName string    `json:"client_name,omitempty"` // as the client calls itself
	Began      time.Time `json:"began"`
	Ends       time.Time `json:"ends"`
	Expires    time.Time `json:"access_token_expires,omitzero"` // zero: no access token is in force
}

func (of *grant) info() GrantInfo {
	return GrantInfo{ID: of.id, Identity: of.who, ClientID: of.client, ClientName: of.name, Began: of.began, Ends: of.ends, Expires: of.expires}
}

// Grants are the grants in force, by email, the oldest first. One whose code
// still waits for its client is none yet.
func (a *Access) Grants() []GrantInfo {
	all := []GrantInfo{}
	for _, k := range a.grants.kept() {
		all = append(all, k.GrantInfo)
	}
	slices.SortFunc(all, func(x, y GrantInfo) int {
		return cmp.Or(cmp.Compare(x.Identity.Email, y.Identity.Email), x.Began.Compare(y.Began), cmp.Compare(x.ID, y.ID))
	})
	return all
}

// Revoke ends every grant and every browser session of the person with this
// email, and returns how many grants ended. A person who signs in afterwards is
// asked the policies like anybody; one without an email is nobody's here, so
// "" ends nothing. Calls under way are not broken off.
func (a *Access) Revoke(email string) int {
	ended := a.grants.endOf(email)
	n := len(ended)
	for _, b := range a.browsers.dropAll(func(b *browser) bool { return b.who.hasEmail(email) }) {
		ended = append(ended, b.id)
	}
	a.signer.drop(ended)
	a.record.save()
	return n
}

// Expire ends the access tokens of the person with this email, and returns how
// many. Refresh tokens stay, so clients come back for new ones, at which the
// policies are asked anew.
func (a *Access) Expire(email string) int {
	n := a.grants.expireOf(email)
	a.record.save()
	return n
}

// Rotate makes another key the one that signs application tokens. The one
// before stays published beside it, so tokens that it signed live out; the one
// before that does not, and what it signed is signed anew. The new key is
// published at once and signs ten seconds later: who verifies may ask for
// unknown keys no more often than that. It is not stored: a restart begins with
// Config.Key. A nil key, or the one there is, changes nothing.
func (a *Access) Rotate(key *rsa.PrivateKey) { a.signer.rotate(key, time.Now()) }

// hasEmail says whether an identity is the person with this email.
func (i Identity) hasEmail(email string) bool {
	return email != "" && strings.EqualFold(i.Email, email)
}

// endOf revokes every grant of a person, those whose code still waits too, and
// gives the ids of those that were in force.
func (g *grants) endOf(email string) (ended []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for d, c := range g.codes {
		if c.grant.who.hasEmail(email) {
			c.grant.ends = time.Time{}
			delete(g.codes, d)
		}
	}
	now := time.Now()
	for of := range g.begun {
		if !of.who.hasEmail(email) {
			continue
		}
		if of.inForce(now) {
			ended = append(ended, of.id)
		}
		g.revoke(of)
	}
	return ended
}

// expireOf takes the access tokens of a person out of force.
func (g *grants) expireOf(email string) (n int) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for d, of := range g.access {
		if !of.who.hasEmail(email) {
			continue
		}
		if delete(g.access, d); now.Before(of.expires) {
			n++
		}
		of.access, of.expires = digest{}, time.Time{}
		g.changed()
	}
	return n
}

// inForce says whether a grant has tokens and has not ended.
func (of *grant) inForce(now time.Time) bool { return of.refresh != (digest{}) && now.Before(of.ends) }

// kept are the grants in force as they are stored, by id. What is spent is not
// copied: nobody changes it but at its end.
func (g *grants) kept() []keptGrant {
	all, now := []keptGrant{}, time.Now()
	g.mu.Lock()
	for of := range g.begun {
		if of.inForce(now) {
			all = append(all, keptGrant{GrantInfo: of.info(), Access: of.access, Refresh: of.refresh, Rotations: of.rotations, Spent: of.spent})
		}
	}
	g.mu.Unlock()
	slices.SortFunc(all, func(x, y keptGrant) int { return cmp.Compare(x.ID, y.ID) })
	return all
}

// restore puts stored grants in force again.
func (g *grants) restore(all []keptGrant) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range all {
		if !now.Before(k.Ends) {
			continue
		}
		of := &grant{
			id: k.ID, who: k.Identity, client: k.ClientID, name: k.ClientName, began: k.Began, ends: k.Ends,
			access: k.Access, expires: k.Expires, refresh: k.Refresh, rotations: k.Rotations, spent: k.Spent,
		}
		g.begun[of] = true
		for _, d := range k.Spent {
			g.spent[d] = of
		}
		if of.access != (digest{}) {
			g.access[of.access] = of
		}
		g.refresh[of.refresh] = of
	}
}
