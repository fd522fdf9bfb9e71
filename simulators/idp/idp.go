// Package idp simulates an OpenID Provider that knows a few people by name and password.
//
// It speaks the authorization code flow of OpenID Connect Core 1.0 §3.1 to
// confidential, pre-registered clients, and is strict where deployed providers
// are often lenient: redirect URIs match exactly, PKCE with S256 is required
// (RFC 7636), parameters may not repeat (RFC 6749 §3.1), a code works once, and
// a second attempt with it revokes what the first one obtained (RFC 6749
// §4.1.2). A client that works here does what the specifications ask.
//
// Claims follow scopes (OpenID Connect Core §5.4): email and email_verified need
// scope email, name needs scope profile. Both the ID token and UserInfo carry them.
package idp

import (
	"crypto/rsa"
	"fmt"
	"net/http"
	"time"
)

// Lifetimes. They are short enough to matter in a story and long enough not to
// get in the way of one.
const (
	loginLifetime   = 10 * time.Minute // from the login page to its answer
	codeLifetime    = time.Minute      // RFC 6749 §4.1.2 allows ten minutes at most
	tokenLifetime   = time.Hour        // access token and ID token
	sessionLifetime = 12 * time.Hour   // after that, the password again
)

// Person is somebody the provider can sign in.
type Person struct {
	Subject  string // "sub": stable and unique at this provider
	Email    string // what the person types as username; the subject works too
	Name     string // display name
	Password string // compared exactly
}

// Client is a confidential relying party. There is no dynamic registration.
type Client struct {
	ID           string
	Secret       string   // for client_secret_basic and client_secret_post
	RedirectURIs []string // compared as strings, RFC 9700 §4.1.3
}

// Config says who the provider is and whom it knows.
type Config struct {
	Issuer  string          // origin without a trailing slash: https, or http on loopback
	People  []Person        // nil: nobody can sign in
	Clients []Client        // nil: every authorization request is refused
	Key     *rsa.PrivateKey // signs ID tokens; nil: the one in the Store, or without one DefaultKey
	Store   Store           // keeps sessions, and the signing keys unless Key is given; nil: nothing outlives the process
}

// Provider is the OpenID Provider, an http.Handler for the issuer's origin. It
// starts no goroutines.
type Provider struct {
	issuer  string
	people  map[string]Person // by lower-case email and by subject
	clients map[string]Client
	pages   pages
	mux     *http.ServeMux

	clock    clock
	keeper   *keeper
	keys     *keys
	keyGiven bool // by the Config

	logins   *store[login]
	sessions *store[session]
	codes    *store[*grant]
	tokens   *store[*grant]
}

// New returns a provider, or an error that says which part of the configuration
// no provider could have. It is ErrStore for a Store that cannot be read.
func New(c Config) (*Provider, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("configure the identity provider: %w", err)
	}
	d, err := read(c.Store)
	if err != nil {
		return nil, err
	}
	key := c.Key
	if key == nil {
		if key, err = d.signingKey(); err != nil {
			return nil, err
		}
	}
	p := &Provider{
		issuer:   c.Issuer,
		people:   c.byUsername(),
		clients:  c.byID(),
		pages:    newPages(),
		keyGiven: c.Key != nil,
	}
	p.logins = newStore[login](loginLifetime, &p.clock)
	p.sessions = newStore[session](sessionLifetime, &p.clock)
	p.codes = newStore[*grant](tokenLifetime, &p.clock) // used codes are remembered as long as what they bought
	p.tokens = newStore[*grant](tokenLifetime, &p.clock)
	p.keys = &keys{clock: &p.clock, current: newSigner(key)}
	p.keeper = &keeper{store: c.Store, state: p.state}
	p.resume(d)
	p.keeper.keep() // the key that the first tokens are signed with
	p.mux = p.routes()
	return p, nil
}

func (p *Provider) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.serveMetadata)
	mux.HandleFunc("GET /jwks", p.serveKeys)
	mux.HandleFunc("GET /authorize", p.serveAuthorize)
	mux.HandleFunc("POST /authorize", p.serveAuthorize) // OpenID Connect Core §3.1.2.1: both methods
	mux.HandleFunc("POST /login", p.serveLogin)
	mux.HandleFunc("POST /token", p.serveToken)
	mux.HandleFunc("GET /userinfo", p.serveUserInfo)
	mux.HandleFunc("POST /userinfo", p.serveUserInfo) // OpenID Connect Core §5.3.1: both methods
	return mux
}

// ServeHTTP answers /.well-known/openid-configuration, /jwks, /authorize,
// /login, /token and /userinfo.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	p.mux.ServeHTTP(w, r)
}
