package upstream

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Registration is how an authorization server takes new clients.
type Registration string

// The ways to take new clients.
const (
	RegistrationOpen      Registration = ""          // dynamic client registration, RFC 7591
	RegistrationAbsent    Registration = "absent"    // no endpoint, and none in the metadata
	RegistrationForbidden Registration = "forbidden" // an endpoint that answers 403
)

// Account is somebody who can sign in at an authorization server.
type Account struct {
	Subject  string // what the tokens stand for
	Name     string // typed at the sign-in page
	Password string
}

// Application is a client that is known beforehand. It may use every grant.
type Application struct {
	ID           string
	Name         string // on the consent page; empty: the ID
	Secret       string // empty with method none
	Method       string // token_endpoint_auth_method: none, client_secret_post or client_secret_basic
	RedirectURIs []string
}

// AuthorizationServerConfig describes an authorization server. Issuer and
// Resource are required.
type AuthorizationServerConfig struct {
	Name     string    // letters, digits, hyphens: its cookies are named after it; empty: "as"
	Issuer   string    // own origin, without a final slash; https, or http on loopback
	Resource string    // the one resource it issues tokens for, RFC 8707
	Scopes   []string  // all there are, and what a request without a scope gets; nil: "mcp"
	People   []Account // who can sign in

	Registration Registration
	Applications []Application

	AccessTokenLifetime  time.Duration // 0: 1 hour
	RefreshTokenLifetime time.Duration // 0: 30 days
	CodeLifetime         time.Duration // 0: 1 minute

	Store Store // keeps clients and grants; nil: nothing outlives the process
}

// AuthorizationServer is a strict OAuth 2.1 authorization server with a
// sign-in page and a consent page of its own, an http.Handler. Its tokens are
// opaque.
type AuthorizationServer struct {
	issuer       string
	resource     string
	scopes       []string
	people       []Account
	registration Registration

	clock   clock
	keeper  *keeper
	clients *clients
	pending *pending
	signIns *signIns
	grants  *grants
	cookies cookies
	pages   pages
	mux     *http.ServeMux
}

// NewAuthorizationServer makes an authorization server, with the clients and
// grants that its Store has. The error is ErrConfig or ErrStore.
func NewAuthorizationServer(c AuthorizationServerConfig) (*AuthorizationServer, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%w: authorization server: %w", ErrConfig, err)
	}
	scopes := c.Scopes
	if scopes == nil {
		scopes = []string{"mcp"}
	}
	a := &AuthorizationServer{
		issuer:       c.Issuer,
		resource:     c.Resource,
		scopes:       scopes,
		people:       c.People,
		registration: c.Registration,
		clients:      newClients(c.Applications),
		cookies:      newCookies(cmp.Or(c.Name, "as")),
		pages:        newPages(),
	}
	a.pending, a.signIns = newPending(&a.clock), newSignIns(&a.clock)
	a.grants = newGrants(c.lifetimes(), &a.clock)
	a.keeper = newKeeper(c.Store, a.state)
	if err := a.load(c.Store); err != nil {
		return nil, err
	}
	a.mux = a.routes()
	return a, nil
}

func (c AuthorizationServerConfig) lifetimes() lifetimes {
	return lifetimes{
		access:  cmp.Or(c.AccessTokenLifetime, time.Hour),
		refresh: cmp.Or(c.RefreshTokenLifetime, 30*24*time.Hour),
		code:    cmp.Or(c.CodeLifetime, time.Minute),
	}
}

func (c AuthorizationServerConfig) check() error {
	issuer, err := url.Parse(c.Issuer)
	if err != nil || !safe(issuer) || issuer.Path != "" || issuer.RawQuery != "" || issuer.Fragment != "" {
		return fmt.Errorf("issuer %q is not an origin of https, or of http on loopback", c.Issuer)
	}
	resource, err := url.Parse(c.Resource)
	if err != nil || !safe(resource) || resource.Fragment != "" {
		return fmt.Errorf("resource %q is not a URL of https, or of http on loopback", c.Resource)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9-]*$`).MatchString(c.Name) {
		return fmt.Errorf("name %q does not do for a cookie", c.Name)
	}
	switch c.Registration {
	case RegistrationOpen, RegistrationAbsent, RegistrationForbidden:
	default:
		return fmt.Errorf("registration %q is not known", c.Registration)
	}
	for _, each := range c.Applications {
		if !knownMethod(each.Method) || (each.Secret == "") != (each.Method == "none") || each.ID == "" {
			return fmt.Errorf("application %q: method %q and secret do not go together", each.ID, each.Method)
		}
	}
	return nil
}

// safe reports whether a URL is of https, or of http on loopback, and names a
// host.
func safe(u *url.URL) bool {
	return u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (a *AuthorizationServer) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", a.serveMetadata)
	mux.HandleFunc("GET /authorize", a.serveAuthorize)
	mux.HandleFunc("POST /login", a.serveLogin)
	mux.HandleFunc("POST /consent", a.serveConsent)
	mux.HandleFunc("POST /token", a.serveToken)
	mux.HandleFunc("POST /revoke", a.serveRevoke)
	if a.registration != RegistrationAbsent {
		mux.HandleFunc("POST /register", a.serveRegister)
	}
	return mux
}

// ServeHTTP answers as an authorization server.
func (a *AuthorizationServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mux.ServeHTTP(w, r)
}

// serveMetadata publishes the server's metadata, RFC 8414 §2. There is nothing
// at /.well-known/openid-configuration: this is no OpenID Provider.
func (a *AuthorizationServer) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	document := map[string]any{
		"issuer":                                         a.issuer,
		"authorization_endpoint":                         a.issuer + "/authorize",
		"token_endpoint":                                 a.issuer + "/token",
		"revocation_endpoint":                            a.issuer + "/revoke",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"code_challenge_methods_supported":               []string{"S256"},
		"token_endpoint_auth_methods_supported":          methods(),
		"revocation_endpoint_auth_methods_supported":     methods(),
		"scopes_supported":                               a.scopes,
		"authorization_response_iss_parameter_supported": true,                 // RFC 9207 §3
		"protected_resources":                            []string{a.resource}, // RFC 9728 §4
	}
	if a.registration != RegistrationAbsent {
		document["registration_endpoint"] = a.issuer + "/register"
	}
	writeJSON(w, http.StatusOK, document)
}

// Subject says whose access token this is, if it is good now.
func (a *AuthorizationServer) Subject(token string) (string, bool) {
	t, ok := a.grants.introspect(token)
	return t.subject, ok
}

// Expire makes every access token of a subject expire now; refresh tokens stay
// good.
func (a *AuthorizationServer) Expire(subject string) {
	a.grants.expire(subject)
	a.keeper.keep()
}

// Revoke withdraws everything a subject granted: access and refresh tokens, and
// codes not yet redeemed. The person stays signed in.
func (a *AuthorizationServer) Revoke(subject string) {
	a.grants.revokeSubject(subject)
	a.keeper.keep()
}

// GrantInfo is what one person allowed one client, without its tokens.
type GrantInfo struct {
	Subject    string
	ClientID   string
	ClientName string // as it called itself
	Scopes     []string

	AccessExpires  time.Time // of the access token that lives longest; zero: there is none
	RefreshExpires time.Time // zero: there is no refresh token
	Revoked        bool      // nothing of it is good
}

// Grants are all grants that tokens were issued for, oldest first; also those
// that have expired or were revoked.
func (a *AuthorizationServer) Grants() []GrantInfo {
	all := a.grants.list()
	for i := range all {
		found, _ := a.clients.get(all[i].ClientID)
		all[i].ClientName = found.name
	}
	return all
}

// scopesOf reads a scope parameter, RFC 6749 §3.3; empty: all there are.
func (a *AuthorizationServer) scopesOf(parameter string) ([]string, *oauthError) {
	asked := strings.Fields(parameter)
	if len(asked) == 0 {
		return a.scopes, nil
	}
	if !within(asked, a.scopes) {
		return nil, errInvalidScope.because("a scope is not known")
	}
	return asked, nil
}
