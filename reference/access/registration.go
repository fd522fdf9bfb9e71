package access

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// registered is a client of the portal, as it described itself.
type registered struct {
	id           string
	name         string
	redirectURIs []string
}

const (
	maxMetadata     = 64 << 10 // bytes
	maxRedirectURIs = 20
	maxRedirectURI  = 2048 // bytes
	maxName         = 200  // bytes
	maxClients      = 10_000
	// A client nobody has signed in with is forgotten soon, so that strangers
	// cannot fill the register for long; each sign-in keeps it anew.
	registrationTTL = 24 * time.Hour
	usedClientTTL   = 90 * 24 * time.Hour
)

// clients are the registered ones and the documents of the others.
type clients struct {
	origin     *url.URL
	http       *http.Client
	registered *shelf[registered]
	documents  *shelf[registered]
	changed    func() // called after what a restart must not lose
}

func newClients(h *http.Client, origin *url.URL, changed func()) *clients {
	return &clients{
		origin: origin, http: h, changed: changed,
		registered: newShelf[registered](registrationTTL, maxClients), documents: newShelf[registered](documentLife, 1000),
	}
}

// metadata is what a client says of itself (RFC 7591 §2).
type metadata struct {
	ClientID      string   `json:"client_id,omitempty"`
	ClientName    string   `json:"client_name,omitempty"`
	RedirectURIs  []string `json:"redirect_uris"`
	GrantTypes    []string `json:"grant_types,omitempty"`
	ResponseTypes []string `json:"response_types,omitempty"`
	AuthMethod    string   `json:"token_endpoint_auth_method,omitempty"`
	Secret        string   `json:"client_secret,omitempty"`
	Scope         string   `json:"scope,omitempty"`
	Application   string   `json:"application_type,omitempty"`
}

// register answers a dynamic client registration (RFC 7591 §3). Every client
// is public: a secret that is handed to anybody who asks protects nothing.
func (a *Access) register(w http.ResponseWriter, r *http.Request) {
	var m metadata
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMetadata)).Decode(&m); err != nil {
		invalidClientMetadata.because("the body is no client metadata").write(w)
		return
	}
	if e := m.check(); e != nil {
		e.write(w)
		return
	}
	id := opaque("")
	if !a.clients.registered.put(id, registered{id: id, name: m.ClientName, redirectURIs: m.RedirectURIs}) {
		temporarilyUnavailable.because("too many clients are registered").write(w)
		return
	}
	a.clients.changed()
	a.record.save()
	answerJSON(w, http.StatusCreated, map[string]any{
		"client_id": id, "client_id_issued_at": time.Now().Unix(), "client_name": m.ClientName,
		"redirect_uris": m.RedirectURIs, "grant_types": []string{"authorization_code", "refresh_token"},
		"response_types": []string{"code"}, "token_endpoint_auth_method": "none", "scope": scope,
		"application_type": m.Application,
	})
}

// check refuses metadata that this server cannot serve.
func (m *metadata) check() *oauthError {
	if len(m.RedirectURIs) == 0 || len(m.RedirectURIs) > maxRedirectURIs {
		return because(invalidRedirectURI, "between one and twenty redirect URIs are wanted")
	}
	for _, uri := range m.RedirectURIs {
		if why := wrongRedirectURI(uri); why != "" {
			return because(invalidRedirectURI, "a redirect URI "+why)
		}
	}
	if m.AuthMethod != "" && m.AuthMethod != "none" {
		// RFC 7591 §3.2.1: the server may replace what it does not support; it does.
		m.AuthMethod = "none"
	}
	for _, t := range m.ResponseTypes {
		if t != "code" {
			return because(invalidClientMetadata, "the only response type is code")
		}
	}
	for _, t := range m.GrantTypes {
		if t != "authorization_code" && t != "refresh_token" {
			return because(invalidClientMetadata, "the grant types are authorization_code and refresh_token")
		}
	}
	if len(m.ClientName) > maxName || strings.ContainsFunc(m.ClientName, invisible) {
		return because(invalidClientMetadata, "the client's name is too long or not plain text")
	}
	return nil
}

// invisible are the characters that let a name look like another: controls, and
// formats such as the ones that turn the direction of writing.
func invisible(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError
}

// used keeps a registered client that somebody signed in with.
func (c *clients) used(r registered) {
	if _, ok := c.registered.get(r.id); ok {
		c.registered.putFor(r.id, r, usedClientTTL)
		c.changed()
	}
}

func because(e oauthError, why string) *oauthError {
	e = e.because(why)
	return &e
}

// wrongRedirectURI says what is wrong with a redirect URI: it must be https, or
// http on loopback, absolute and without fragment (RFC 6749 §3.1.2) or user.
func wrongRedirectURI(raw string) string {
	u, err := url.Parse(raw)
	odd := strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) // RFC 3986 §2
	switch {
	case len(raw) > maxRedirectURI || odd:
		return "is too long or has characters that no URI has"
	case err == nil && strings.Contains(u.Host, "*"):
		return "has a wildcard"
	case err != nil || !u.IsAbs() || u.Host == "":
		return "is no absolute URL with a host"
	case strings.Contains(raw, "#"):
		return "has a fragment"
	case u.User != nil:
		return "has a user in it"
	case !secure(u):
		return "is neither https nor http on loopback"
	default:
		return ""
	}
}

// admits says whether a redirect URI is one of the client's: the same string,
// but for the port of a loopback address, which a native client learns late
// (RFC 8252 §7.3).
func (c registered) admits(uri string) bool {
	return slices.ContainsFunc(c.redirectURIs, func(known string) bool {
		return known == uri || samePlaceOnLoopback(known, uri)
	})
}

func samePlaceOnLoopback(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	if errX != nil || errY != nil || wrongRedirectURI(b) != "" {
		return false
	}
	ip := net.ParseIP(x.Hostname())
	if x.Scheme != "http" || ip == nil || !ip.IsLoopback() {
		return false
	}
	x.Host, y.Host = x.Hostname(), y.Hostname()
	return x.String() == y.String()
}
