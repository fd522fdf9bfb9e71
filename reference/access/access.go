// Package access is the front door of a portal.
//
// Outside it is a protected resource (RFC 9728) and the authorization server
// (OAuth 2.1) of the portal's clients; towards the identity provider it is an
// OpenID Connect client; inside it tells the portal who is asking, with a
// signed application token in place of whatever credential came in. It stands
// in front of a Next handler and never decides what a person may do there.
package access

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Paths of the front door.
const (
	MCPPath      = "/mcp"
	CertsPath    = "/cdn-cgi/access/certs"
	CallbackPath = "/login/callback" // where the identity provider sends people back to
)

// Secret is a string that does not print.
type Secret string

const redacted = "[redacted]"

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret.
func (Secret) GoString() string { return redacted }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format hides the secret under every verb: fmt shows the bare value for verbs
// that do not fit a string.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalJSON hides the secret.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// OIDCConfig is how access is known at the identity provider.
type OIDCConfig struct {
	Issuer, ClientID string
	ClientSecret     Secret
}

// ServiceToken lets a machine in, by a pair of headers.
type ServiceToken struct {
	ClientID string
	Secret   Secret
}

// Identity is who signed in.
type Identity struct {
	Subject string `json:"subject"`
	Email   string `json:"email"` // "": none that the identity provider vouches for
	Name    string `json:"name"`
}

// Config says where the front door stands and what is behind it.
type Config struct {
	Origin   string // public, without a final slash
	Audience string // of the application tokens
	OIDC     OIDCConfig
	// HTTP goes to the identity provider and to client metadata documents; nil:
	// http.DefaultClient. Anybody can name a document's host: in production its
	// dialer must refuse addresses inside the network, since a name that
	// resolves to one passes every check of the URL.
	HTTP *http.Client
	Next http.Handler    // the portal
	Key  *rsa.PrivateKey // signs application tokens; nil: one per process
	// PreviousKey is published beside Key, so that what it signed before a
	// rotation still verifies; nil: none.
	PreviousKey *rsa.PublicKey

	ServiceTokens []ServiceToken
	Allow         func(Identity) bool // nil: everybody the identity provider knows

	AccessTokenLifetime time.Duration // 0: 15 minutes
	GrantLifetime       time.Duration // 0: 14 days
	Interlude           string        // where the browser goes between login and the client; empty: "/servers"
	MaxBody             int64         // bytes of a request; 0: 4 MiB
	Logger              *slog.Logger  // nil: slog.Default
	Store               Store         // keeps clients and grants; nil: they are lost when the process ends

	Provider IdentityProvider // signs people in; nil: the one of OIDC
}

// IdentityProvider signs people in.
type IdentityProvider interface {
	// AuthorizationURL is where the browser goes to sign in.
	AuthorizationURL(r *http.Request, l Login) (string, error)
	// Identity exchanges the code of the answer for who signed in.
	Identity(r *http.Request, l Login, code string) (Identity, error)
}

// Login is the secrets of one sign-in: what it is answered with, and what binds
// the answer to the question.
type Login struct{ State, Nonce, Verifier string }

// Access is the front door.
type Access struct {
	Config
	origin   *url.URL
	provider IdentityProvider
	signer   *signer
	clients  *clients
	grants   *grants
	record   *record
	flows    *shelf[*flow]
	browsers *shelf[*browser]
	mux      *http.ServeMux
}

// ErrConfig is returned for a Config that cannot work.
var ErrConfig = errors.New("configuration of access")

var processKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// DefaultKey is the key of a Config without one, made once per process.
func DefaultKey() (*rsa.PrivateKey, error) { return processKey() }

// New makes the front door, with what the store has of an earlier one. It does
// no network I/O. Errors: [ErrConfig], [ErrStore].
func New(c Config) (*Access, error) {
	origin, err := url.Parse(c.Origin)
	if err != nil || !secure(origin) || origin.String() != origin.Scheme+"://"+origin.Host || c.Next == nil || c.Audience == "" {
		return nil, fmt.Errorf("%w: it needs an https origin (http on loopback), an audience and what comes next", ErrConfig)
	}
	if c.Key == nil {
		if c.Key, err = DefaultKey(); err != nil {
			return nil, err
		}
	}
	c.fill()
	keep := newRecord(c.Store, c.Logger)
	a := &Access{
		Config: c, origin: origin, record: keep,
		signer:   newSigner(c.Key, c.PreviousKey, c.Origin, c.Audience),
		clients:  newClients(c.HTTP, origin, keep.changed),
		grants:   newGrants(c.AccessTokenLifetime, c.GrantLifetime, keep.changed),
		flows:    newShelf[*flow](flowLife, 10_000),
		browsers: newShelf[*browser](sessionLife, 100_000),
	}
	if a.provider = c.Provider; a.provider == nil {
		a.provider = newOpenID(c.OIDC, c.HTTP, c.Origin+CallbackPath)
	}
	a.routes()
	before, err := keep.load()
	if err != nil {
		return nil, err
	}
	a.restore(before)
	keep.snapshot = a.snapshot
	return a, nil
}

func (c *Config) fill() {
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	if c.AccessTokenLifetime == 0 {
		c.AccessTokenLifetime = 15 * time.Minute
	}
	if c.GrantLifetime == 0 {
		c.GrantLifetime = 14 * 24 * time.Hour
	}
	if c.Interlude == "" {
		c.Interlude = "/servers"
	}
	if c.MaxBody == 0 {
		c.MaxBody = 4 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Allow == nil {
		c.Allow = func(Identity) bool { return true }
	}
}

func (a *Access) routes() {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", a.home)
	m.HandleFunc("GET /.well-known/oauth-protected-resource", a.protectedResource)
	m.HandleFunc("GET /.well-known/oauth-protected-resource/mcp", a.protectedResource)
	m.HandleFunc("GET /.well-known/oauth-authorization-server", a.authorizationServer)
	m.HandleFunc("GET "+CertsPath, a.certs)
	m.HandleFunc("POST /oauth/register", a.register)
	m.HandleFunc("GET /oauth/authorize", a.authorize)
	m.HandleFunc("POST /oauth/consent", a.consent)
	m.HandleFunc("GET /oauth/finish", a.finish)
	m.HandleFunc("POST /oauth/token", a.token)
	m.HandleFunc("POST /oauth/revoke", a.revoke)
	m.HandleFunc("GET "+CallbackPath, a.callback)
	m.HandleFunc(MCPPath, a.guardMCP)
	m.HandleFunc("/servers", a.guardBrowser)
	m.HandleFunc("/servers/", a.guardBrowser)
	m.HandleFunc("/servers-callback", a.guardBrowser)
	a.mux = m
}

// ServeHTTP answers at the public origin.
func (a *Access) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// secure says whether a URL may carry secrets: https, or http on loopback
// (RFC 8252 §8.3).
func secure(u *url.URL) bool {
	return u != nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// opaque is 256 bits of randomness that reveal nothing.
func opaque(prefix string) string { return prefix + rand.Text() + rand.Text() }
