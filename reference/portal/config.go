package portal

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// Secret is a value that prints as [redacted].
type Secret = credential.Secret

// Auth is the kind of credential that a server wants.
type Auth string

// The kinds of credentials.
const (
	None   Auth = "unauthenticated"
	Bearer Auth = "bearer" // the one of the configuration, for everybody
	OAuth  Auth = "oauth"
)

// Server is an upstream as the administrator configured it.
type Server struct {
	ID       string // 1 to 32 of a-z 0-9 and -; the prefix of its tools' names
	Name     string // for people; "": the ID
	URL      string // of its MCP endpoint: https, or http on loopback
	Auth     Auth   // "": None
	OnBehalf bool   // with OAuth: calls carry the person's own token; false: the administrator's
	Bearer   Secret // with Bearer: a token, or JSON {"headers":{name:value}}
	Gateway  bool   // calls go through Config.Inspected

	Manual   *credential.Registration // with OAuth and OnBehalf: the portal's client there, made by hand; nil: dynamic registration
	Scopes   []string                 // with OAuth: asked for; nil: what the server asks for
	Revision rpc.Revision             // what it speaks; "": found out
	Timeout  time.Duration            // from request to answer or next progress; 0: 60 s
}

// Config says what the portal serves and how it reaches the world.
type Config struct {
	Origin      string // public, without a final slash: where people and their clients come
	AdminOrigin string // of the admin API, for its OAuth callback; "": the administrator cannot authorize
	Servers     []Server
	Assertion   assertion.Config // whose application tokens are accepted; its HTTP nil: Direct

	// Direct reaches servers and authorization servers; background
	// synchronization has no other. nil: http.DefaultClient.
	Direct *http.Client
	// Inspected reaches servers through the gateway. nil: there is none, and a
	// server that is to be routed through it is refused.
	Inspected *http.Client
	RouteAll  bool // every server's calls go through the gateway; see also [Portal.RouteAll]

	SyncEvery   time.Duration    // between the beginnings of two syncs of a server; 0: 2 h
	SessionIdle time.Duration    // a session or grant without a request for so long ends; 0: 24 h
	MaxBody     int64            // bytes of a request's body; 0: 4 MiB
	Store       credential.Store // keeps OAuth grants; nil: in memory
	Logger      *slog.Logger     // nil: slog.Default

	Identifier  Identifier  // says who asks; nil: an assertion.Verifier of Assertion
	Credentials Credentials // holds OAuth tokens; nil: a credential.Vault
	Consents    Consents    // obtains them; nil: the same credential.Vault
}

func (c Config) withDefaults() Config {
	if c.Direct == nil {
		c.Direct = http.DefaultClient
	}
	if c.SyncEvery == 0 {
		c.SyncEvery = 2 * time.Hour
	}
	if c.SessionIdle == 0 {
		c.SessionIdle = 24 * time.Hour
	}
	if c.MaxBody == 0 {
		c.MaxBody = 4 << 20
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Identifier == nil {
		c.Identifier = c.verifier()
	}
	return c.withVault()
}

func (c Config) withVault() Config {
	v := credential.Config{RedirectURI: c.Origin + callbackPath, HTTP: c.Direct, Store: c.Store}
	if c.AdminOrigin != "" {
		v.AdminRedirectURI = c.AdminOrigin + callbackPath
	}
	vault := credential.New(v)
	if c.Credentials == nil {
		c.Credentials = vault
	}
	if c.Consents == nil {
		c.Consents = vault
	}
	return c
}

func (c Config) verifier() *assertion.Verifier {
	a := c.Assertion
	if a.HTTP == nil {
		a.HTTP = c.Direct
	}
	return assertion.New(a)
}

func (c Config) validate() error {
	seen := map[string]bool{}
	for _, s := range c.Servers {
		if err := s.Validate(); err != nil {
			return err
		}
		if seen[s.ID] {
			return fmt.Errorf("server %q occurs twice", s.ID)
		}
		seen[s.ID] = true
		if c.routed(s) && c.Inspected == nil {
			return fmt.Errorf("server %q is to be reached through the gateway, and there is none", s.ID)
		}
	}
	return nil
}

// routed reports whether calls to a server go through the gateway: the
// portal's switch or the server's own.
func (c Config) routed(s Server) bool { return c.RouteAll || s.Gateway }

var serverID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Validate reports why the portal would not take the server. An id with an
// underscore is refused, because a tool's name is divided at the first one:
// the tools of "a_b" would be looked for at "a".
func (s Server) Validate() error {
	if err := s.validate(); err != nil {
		return fmt.Errorf("server %q: %w", s.ID, err)
	}
	return nil
}

func (s Server) validate() error {
	switch {
	case strings.Contains(s.ID, "_"):
		return errors.New("an id must not have an underscore: names are divided at the first one")
	case s.ID == "portal":
		return errors.New("the id is reserved for the portal's own tools")
	case len(s.ID) > 32 || !serverID.MatchString(s.ID):
		return errors.New("an id is 1 to 32 of a-z and 0-9, with single hyphens between")
	case s.Revision != "" && s.Revision != rpc.Stateful && s.Revision != rpc.Stateless:
		return fmt.Errorf("revision %q cannot be pinned", s.Revision)
	}
	if err := checkURL(s.URL); err != nil {
		return err
	}
	return s.validateAuth()
}

func (s Server) validateAuth() error {
	switch s.Auth {
	case "", None:
	case Bearer:
		_, err := credential.Static(s.Bearer)
		return err
	case OAuth:
		if s.Manual != nil && !s.OnBehalf {
			return errors.New("a client made by hand needs each person's own authorization")
		}
	default:
		return fmt.Errorf("unknown kind of credential %q", s.Auth)
	}
	if s.Auth != OAuth && s.OnBehalf {
		return errors.New("only OAuth can be on behalf of a person")
	}
	return nil
}

// checkURL accepts what a credential may be sent to.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("the URL is not absolute, or has user information or a fragment")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && onLoopback(u.Hostname())) {
		return errors.New("the URL is not https")
	}
	return nil
}

func onLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
