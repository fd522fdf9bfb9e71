package credential

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// documentVersion changes when an older program could not read the document.
const documentVersion = 1

// written is the document. Its types are not those that are used, since a
// [Secret] writes nothing of itself.
type written struct {
	Version int            `json:"version"`
	Grants  []writtenGrant `json:"grants"`
	registrations
}

// registrations are what a vault knows besides grants.
type registrations struct {
	Clients []writtenClient     `json:"clients"`
	Issuers map[string][]string `json:"issuers"` // by server
	Pins    map[string]string   `json:"pins"`    // by server and client id
}

type writtenClient struct {
	ID            string     `json:"client_id"`
	Secret        string     `json:"client_secret,omitempty"`
	Method        AuthMethod `json:"token_endpoint_auth_method"`
	Issuer        string     `json:"issuer"`
	Authorization string     `json:"authorization_endpoint,omitempty"`
	Token         string     `json:"token_endpoint,omitempty"`
	Expires       time.Time  `json:"expires,omitzero"`
}

type writtenGrant struct {
	Owner         Owner         `json:"owner"`
	Server        string        `json:"server"`
	ID            string        `json:"id"`
	Issuer        string        `json:"issuer"`
	TokenEndpoint string        `json:"token_endpoint"`
	Resource      string        `json:"resource"`
	Client        writtenClient `json:"client"`
	Dynamic       bool          `json:"dynamic"`
	Access        string        `json:"access_token"`
	Refresh       string        `json:"refresh_token,omitempty"`
	Scope         string        `json:"scope"`
	Renew         time.Time     `json:"renew,omitzero"`
	Expires       time.Time     `json:"expires,omitzero"`
}

// read is strict: a member that is not understood may matter.
func read(text []byte) (written, error) {
	var version struct{ Version int }
	if err := json.Unmarshal(text, &version); err != nil {
		return written{}, errors.New("no JSON document") // the error could quote a secret
	}
	if version.Version != documentVersion {
		return written{}, fmt.Errorf("of version %d, and this program knows version %d", version.Version, documentVersion)
	}
	var w written
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return written{}, fmt.Errorf("not as this program writes it: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return written{}, errors.New("more than one document")
	}
	return w, w.check()
}

// check refuses what this program never writes.
func (w written) check() error {
	seen := map[Key]bool{}
	for _, g := range w.Grants {
		if seen[g.key()] || g.Owner == "" || g.Server == "" || g.ID == "" || g.TokenEndpoint == "" {
			return errors.New("a grant lacks what each one has, or is there twice")
		}
		seen[g.key()] = true
	}
	for _, c := range w.Clients {
		if c.ID == "" {
			return errors.New("a client without an id")
		}
	}
	return nil
}

func writeClient(r Registration, expires time.Time) writtenClient {
	return writtenClient{r.ClientID, string(r.ClientSecret), r.AuthMethod, r.Issuer, r.AuthorizationEndpoint, r.TokenEndpoint, expires}
}

func (c writtenClient) registration() Registration {
	return Registration{
		ClientID: c.ID, ClientSecret: Secret(c.Secret), AuthMethod: c.Method, Issuer: c.Issuer,
		AuthorizationEndpoint: c.Authorization, TokenEndpoint: c.Token,
	}
}

func writeGrant(k Key, g Grant) writtenGrant {
	return writtenGrant{
		Owner: k.Owner, Server: k.Server, ID: g.ID, Issuer: g.Issuer, TokenEndpoint: g.TokenEndpoint, Resource: g.Resource,
		Client: writeClient(g.Client, time.Time{}), Dynamic: g.Dynamic,
		Access: string(g.AccessToken), Refresh: string(g.RefreshToken), Scope: g.Scope, Renew: g.Renew, Expires: g.Expires,
	}
}

func (w writtenGrant) key() Key { return Key{w.Owner, w.Server} }

func (w writtenGrant) grant() Grant {
	return Grant{
		ID: w.ID, Issuer: w.Issuer, TokenEndpoint: w.TokenEndpoint, Resource: w.Resource, Client: w.Client.registration(), Dynamic: w.Dynamic,
		AccessToken: Secret(w.Access), RefreshToken: Secret(w.Refresh), Scope: w.Scope, Renew: w.Renew, Expires: w.Expires,
	}
}
