package probe

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// signin is what was learned about getting a credential.
type signin struct {
	auth      Auth
	challenge *exchange // the 401 without a credential; nil: there was none
	told      string    // resource_metadata of the challenge
	elsewhere string    // told, if it is at another origin, and so was not asked

	metadata *exchange // where protected resource metadata was found, else the last place it was not
	resource resourceMetadata
	server   *exchange // the same for the authorization server's metadata; nil: nobody was asked
	unasked  string    // why nobody was
	document serverMetadata
	found    struct{ resource, server bool }
}

// resourceMetadata is what a server says of itself (RFC 9728 §2).
type resourceMetadata struct {
	Resource string   `json:"resource"`
	Servers  []string `json:"authorization_servers"`
}

// serverMetadata is what an authorization server says of itself (RFC 8414 §2).
type serverMetadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Registration  string   `json:"registration_endpoint"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	Iss           bool     `json:"authorization_response_iss_parameter_supported"`
	Documents     bool     `json:"client_id_metadata_document_supported"`
}

// lookAtSignIn follows a 401 to the authorization server.
func (e *evidence) lookAtSignIn(ctx context.Context) {
	s := &e.signin
	s.challenge = e.unauthorized()
	if s.challenge == nil {
		return
	}
	s.auth.Kind = AuthBearer
	s.told = bearerParameter(s.challenge.header, "resource_metadata")
	e.findResource(ctx)
	if !s.found.resource {
		return
	}
	s.auth.Kind = AuthOAuth
	s.auth.ResourceMetadata, s.auth.Resource = shown(s.metadata.ask.at), plain(s.resource.Resource)
	if len(s.resource.Servers) == 0 {
		return
	}
	s.auth.AuthorizationServer = plain(s.resource.Servers[0])
	e.findServer(ctx, s.resource.Servers[0])
	if !s.found.server {
		return
	}
	s.auth.Registration, s.auth.Documents = s.document.Registration != "", s.document.Documents
	s.auth.S256, s.auth.Iss = slices.Contains(s.document.Challenges, "S256"), s.document.Iss
}

// unauthorized is what the server answers whom it does not know.
func (e *evidence) unauthorized() *exchange {
	tried := []*exchange{e.anonymous}
	if e.line.authorize == nil {
		tried = append(tried, e.discover, e.initialize)
		tried = append(tried, e.tools.pages...)
		tried = append(tried, e.prompts.pages...)
	}
	for _, x := range tried {
		if x != nil && x.status == http.StatusUnauthorized {
			return x
		}
	}
	return nil
}

// findResource looks where the challenge says, if that is at the server's own
// origin, and where RFC 9728 §3.1 says.
func (e *evidence) findResource(ctx context.Context) {
	s := &e.signin
	var places []*url.URL
	if told, err := e.at.Parse(s.told); err == nil && s.told != "" {
		if sameOrigin(told, e.at) {
			places = append(places, told)
		} else {
			s.elsewhere = shown(told)
		}
	}
	for _, p := range wellKnownResource(e.at) {
		if !slices.ContainsFunc(places, func(o *url.URL) bool { return o.String() == p.String() }) {
			places = append(places, p)
		}
	}
	s.metadata, s.found.resource = e.document(ctx, places, &s.resource)
}

// findServer asks an authorization server, unless it is a place that a stranger
// must not make this machine ask. A name is not resolved beforehand: what a GET
// without a credential can do is little.
func (e *evidence) findServer(ctx context.Context, issuer string) {
	s := &e.signin
	at, err := url.Parse(issuer)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.Scheme != "https" && at.Scheme != "http":
		s.unasked = quote(issuer) + " is no URL of an authorization server"
	case at.Scheme == "http" && !local(at):
		s.unasked = quote(issuer) + " is not https"
	case inside(at) && !inside(e.at):
		s.unasked = quote(issuer) + " is inside a network that the server is not in"
	default:
		s.server, s.found.server = e.document(ctx, wellKnownServer(at), &s.document)
	}
}

// document decodes the first document there is; the exchange is that, or the
// last one that was none (RFC 8414 §3.2, RFC 9728 §3.2).
func (e *evidence) document(ctx context.Context, places []*url.URL, into any) (*exchange, bool) {
	var x *exchange
	for _, at := range places {
		x = e.line.do(ctx, request{
			verb: http.MethodGet, at: at, anonymous: true, header: http.Header{"Accept": {"application/json"}},
		})
		if x.is(http.StatusOK) && !x.cut && json.Unmarshal(x.body, into) == nil {
			return x, true
		}
	}
	return x, false
}

func wellKnownResource(endpoint *url.URL) []*url.URL {
	const suffix = "/.well-known/oauth-protected-resource"
	path := strings.TrimSuffix(endpoint.EscapedPath(), "/")
	if path == "" {
		return at(endpoint, suffix)
	}
	return at(endpoint, suffix+path, suffix)
}

// wellKnownServer is in the order of MCP 2026-07-28 Authorization Server
// Discovery.
func wellKnownServer(issuer *url.URL) []*url.URL {
	const oauth, oidc = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	path := strings.TrimSuffix(issuer.EscapedPath(), "/")
	if path == "" {
		return at(issuer, oauth, oidc)
	}
	return at(issuer, oauth+path, oidc+path, path+oidc)
}

// at is URLs of one origin.
func at(origin *url.URL, paths ...string) []*url.URL {
	var all []*url.URL
	for _, p := range paths {
		if u, err := url.Parse(origin.Scheme + "://" + origin.Host + p); err == nil {
			all = append(all, u)
		}
	}
	return all
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) && a.User == nil
}

// local says whether a URL is of this machine.
func local(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// inside says whether a URL shows that it is of a network that others do not
// reach.
func inside(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return local(u) || ip != nil && !(ip.IsGlobalUnicast() && !ip.IsPrivate())
}

// bearerParameter is a parameter of the Bearer challenge, as far as the header
// keeps to the grammar (RFC 9110 §11.6.1); empty: there is none.
func bearerParameter(h http.Header, name string) string {
	for _, line := range h.Values("Www-Authenticate") {
		for scheme, rest := range challenges(line) {
			if value := rest[name]; strings.EqualFold(scheme, "bearer") && value != "" {
				return value
			}
		}
	}
	return ""
}
