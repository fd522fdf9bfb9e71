// Package credential decides whose credential goes to which upstream.
//
// A [Vault] is the portal's OAuth client towards the authorization servers of
// its upstreams: it discovers them, registers with them, sends people through
// their consent and keeps what comes back fresh. [Static] is the other kind of
// credential: one secret that the configuration holds for everybody.
//
// Three rules hold everywhere in this package. A credential belongs to one
// owner, one server and one issuer, and is looked up under nothing less. What a
// server or an authorization server says about itself is believed only where it
// was fetched from. And no lock is held while the network is waited for.
package credential

import (
	"net/http"
	"time"
)

// Owner is the party a credential was granted to: a person, or the portal's
// administrator.
type Owner string

// Admin owns the credentials of background sync and of servers that are not
// used on behalf of each person.
const Admin Owner = "admin"

// Person returns the owner that stands for a person. The prefix keeps a subject
// that reads "admin" apart from [Admin].
func Person(subject string) Owner { return Owner("person:" + subject) }

// Server is an upstream MCP server that wants OAuth.
type Server struct {
	ID     string
	URL    string        // its MCP endpoint: https, or http on loopback
	Manual *Registration // credentials made by hand; nil: dynamic registration (RFC 7591)
	Scopes []string      // asked for unless the server's challenge names others; nil: what its metadata lists
}

// Config is how the portal presents itself to authorization servers.
type Config struct {
	ClientName       string       // shown on consent pages; "": "MCP server portal"
	RedirectURI      string       // callback of people
	AdminRedirectURI string       // callback of the administrator; "": RedirectURI
	HTTP             *http.Client // reaches upstreams and authorization servers; nil: the default transport
	Store            Store        // keeps grants, and registrations if it is of [Kept]; nil: in memory, lost when the process ends
}

// redirectURI is the callback of one owner.
func (c Config) redirectURI(o Owner) string {
	if o == Admin && c.AdminRedirectURI != "" {
		return c.AdminRedirectURI
	}
	return c.RedirectURI
}

// redirectURIs are the callbacks to register, each once.
func (c Config) redirectURIs() []string {
	uris := []string{c.RedirectURI}
	if c.AdminRedirectURI != "" && c.AdminRedirectURI != c.RedirectURI {
		uris = append(uris, c.AdminRedirectURI)
	}
	return uris
}

// Key is the place of one owner's grant for one server. A server has at most one
// grant per owner; the grant itself says which issuer it is of.
type Key struct {
	Owner  Owner
	Server string
}

// Grant is what an owner's consent gave the portal: everything needed to use and
// renew it, so that nothing of another issuer can be mixed in. The zero Grant
// means none.
type Grant struct {
	ID            string // changes with every write; see [Store]
	Issuer        string // authorization server the grant is of
	TokenEndpoint string // where it is renewed
	Resource      string // RFC 8707 resource it is for
	Client        Registration
	Dynamic       bool // Client came from dynamic registration
	AccessToken   Secret
	RefreshToken  Secret    // "": none was issued
	Scope         string    // what was asked for and, if the server said so, what was granted
	Renew         time.Time // from here on renewed before use; zero: lifetime unknown
	Expires       time.Time // from here on not used at all; zero: lifetime unknown
}

// Finished names the flow that a callback ended.
type Finished struct {
	Server   string
	ReturnTo string // as given to [Vault.Begin]
}
