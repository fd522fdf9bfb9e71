package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	wellKnownResource = "/.well-known/oauth-protected-resource"   // RFC 9728 §3
	wellKnownOAuth    = "/.well-known/oauth-authorization-server" // RFC 8414 §3
	wellKnownOpenID   = "/.well-known/openid-configuration"       // OpenID Connect Discovery §4
	maxServers        = 8                                         // authorization servers tried per upstream
)

// protectedResource is protected resource metadata (RFC 9728 §2).
type protectedResource struct {
	Resource string   `json:"resource"`
	Issuers  []string `json:"authorization_servers"`
	Scopes   []string `json:"scopes_supported"`
}

// metadata is authorization server metadata (RFC 8414 §2, RFC 9207 §3).
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Registration  string   `json:"registration_endpoint"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	Scopes        []string `json:"scopes_supported"`
	NamesIssuer   bool     `json:"authorization_response_iss_parameter_supported"`
}

// discovered is what an authorization request needs to know about a server.
type discovered struct {
	challenge challenge
	resource  protectedResource
	as        metadata
}

// discovery follows one server's trail. Nothing of it is cached: consent is
// rare, and a server may have moved to another authorization server meanwhile.
type discovery struct {
	fetch  fetcher
	server Server
	home   *url.URL // server.URL
}

func (f fetcher) discover(ctx context.Context, s Server) (discovered, error) {
	home, err := parseURL(s.URL)
	if err != nil {
		return discovered{}, fmt.Errorf("%w: address of the server: %w", ErrMetadata, err)
	}
	d := discovery{f, s, home}
	first, err := f.probe(ctx, s.URL)
	if err != nil {
		return discovered{}, fmt.Errorf("probe: %w", err)
	}
	var found discovered
	if first.status == http.StatusUnauthorized {
		found.challenge = readChallenge(first.header)
	}
	if found.resource, err = d.protectedResource(ctx, found.challenge.metadata); err != nil {
		return discovered{}, fmt.Errorf("protected resource metadata: %w", err)
	}
	if found.as, err = d.authorizationServer(ctx, found.resource.Issuers); err != nil {
		return discovered{}, fmt.Errorf("authorization server metadata: %w", err)
	}
	return found, nil
}

// protectedResource reads the document the challenge names; without one, the
// path form and then the root form (MCP 2026-07-28 Authorization, "Protected
// Resource Metadata Discovery"). A named document that fails is not replaced by
// another one.
func (d discovery) protectedResource(ctx context.Context, named string) (protectedResource, error) {
	if named != "" {
		u, err := d.learnResource(named)
		if err != nil {
			return protectedResource{}, fmt.Errorf("%w: named by the challenge: %w", ErrMetadata, err)
		}
		return d.readResource(ctx, u.String())
	}
	root := origin(d.home) + wellKnownResource
	if path := strings.TrimRight(d.home.EscapedPath(), "/"); path != "" {
		r, err := d.readResource(ctx, root+path)
		if !errors.Is(err, errAbsent) {
			return r, err
		}
	}
	r, err := d.readResource(ctx, root)
	if m := d.server.Manual; errors.Is(err, errAbsent) && m != nil && m.endpoints() {
		return protectedResource{Resource: d.server.URL}, nil
	}
	return r, err
}

// learnResource allows the server's own host besides what [learn] allows: a
// private upstream publishes its metadata where it is itself.
func (d discovery) learnResource(named string) (*url.URL, error) {
	u, err := parseURL(named)
	if err == nil && u.Host == d.home.Host {
		return u, nil
	}
	return learn(named, d.home)
}

func (d discovery) readResource(ctx context.Context, address string) (protectedResource, error) {
	var r protectedResource
	if err := d.read(ctx, address, &r); err != nil {
		return r, err
	}
	if !d.isOurs(r.Resource, address) {
		return r, fmt.Errorf("%w: %s is about another resource: %q", ErrMetadata, address, quote(r.Resource))
	}
	if len(r.Issuers) == 0 && (d.server.Manual == nil || !d.server.Manual.endpoints()) {
		return r, fmt.Errorf("%w: %s names no authorization server", ErrMetadata, address)
	}
	r.Issuers = r.Issuers[:min(len(r.Issuers), maxServers)]
	return r, nil
}

// isOurs is the rule of RFC 9728 §3.3: the resource MUST be identical to the URL
// that the request went to, or to the identifier that the well-known suffix was
// inserted into, which for the root form is the origin.
func (d discovery) isOurs(resource, address string) bool {
	if resource == d.server.URL {
		return true
	}
	home := origin(d.home)
	return address == home+wellKnownResource && strings.TrimSuffix(resource, "/") == home
}

// authorizationServer returns the metadata of the first issuer that is usable.
func (d discovery) authorizationServer(ctx context.Context, issuers []string) (metadata, error) {
	if m := d.server.Manual; m != nil && m.endpoints() {
		return m.metadata()
	} else if m != nil && m.Issuer != "" {
		if !slices.Contains(issuers, m.Issuer) {
			return metadata{}, fmt.Errorf("%w: the server does not name the issuer of the configured client", ErrRegistration)
		}
		issuers = []string{m.Issuer}
	}
	var failures []error
	for _, issuer := range issuers {
		as, err := d.issuer(ctx, issuer)
		if err == nil {
			return as, nil
		}
		failures = append(failures, fmt.Errorf("issuer %q: %w", quote(issuer), err))
	}
	return metadata{}, errors.Join(failures...)
}

func (d discovery) issuer(ctx context.Context, issuer string) (metadata, error) {
	u, err := learn(issuer, d.home)
	if err != nil {
		return metadata{}, fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	if u.RawQuery != "" || u.ForceQuery {
		return metadata{}, fmt.Errorf("%w: issuer with a query", ErrMetadata)
	}
	for _, address := range metadataAddresses(u) {
		var as metadata
		err := d.read(ctx, address, &as)
		if errors.Is(err, errAbsent) {
			continue
		}
		if err == nil {
			err = as.check(issuer, d.home)
		}
		return as, err
	}
	return metadata{}, fmt.Errorf("%w: %w", ErrMetadata, errAbsent)
}

// metadataAddresses is the order of MCP 2026-07-28 Authorization, "Authorization
// Server Metadata Discovery".
func metadataAddresses(issuer *url.URL) []string {
	root, path := origin(issuer), strings.TrimRight(issuer.EscapedPath(), "/")
	if path == "" {
		return []string{root + wellKnownOAuth, root + wellKnownOpenID}
	}
	return []string{root + wellKnownOAuth + path, root + wellKnownOpenID + path, root + path + wellKnownOpenID}
}

// check refuses metadata that must not be used. The issuer is compared as it
// stands, without tolerance for a slash (RFC 8414 §3.3), and code challenge
// methods that are not listed are not supported: "MCP clients MUST refuse to
// proceed" (MCP 2026-07-28 Authorization, "Authorization Code Protection").
func (m metadata) check(issuer string, home *url.URL) error {
	if m.Issuer != issuer {
		return fmt.Errorf("%w: issuer in the document is %q", ErrMetadata, quote(m.Issuer))
	}
	if !slices.Contains(m.Challenges, "S256") {
		return fmt.Errorf("%w: PKCE with S256 is not offered", ErrMetadata)
	}
	endpoints := []struct{ name, url string }{
		{"authorization_endpoint", m.Authorization}, {"token_endpoint", m.Token}, {"registration_endpoint", m.Registration},
	}
	for _, e := range endpoints {
		if e.url == "" && e.name == "registration_endpoint" {
			continue
		}
		if _, err := learn(e.url, home); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrMetadata, e.name, err)
		}
	}
	return nil
}

// essence leaves out what may be long and is not needed after Begin.
func (m metadata) essence() metadata {
	return metadata{Issuer: m.Issuer, Authorization: m.Authorization, Token: m.Token, NamesIssuer: m.NamesIssuer}
}

// errAbsent: there is no such document, so the next place may be tried.
var errAbsent = errors.New("no such document")

// read fetches a JSON document. A page in its place, as sites answer that have a
// page for everything, counts as absent; a server error does not.
func (d discovery) read(ctx context.Context, address string, doc any) error {
	a, err := d.fetch.get(ctx, address)
	switch {
	case err != nil:
		return err
	case a.status >= 500 || a.status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %s: HTTP status %d", ErrUnavailable, address, a.status)
	case a.status != http.StatusOK || json.Unmarshal(a.body, doc) != nil:
		return fmt.Errorf("%w: %w: %s", ErrMetadata, errAbsent, address)
	}
	return nil
}
