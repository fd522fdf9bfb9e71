package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// resourceMetadata is what the MCP server says of itself (RFC 9728 §2).
type resourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	Scopes               []string `json:"scopes_supported"`
}

// serverMetadata is what the authorization server says of itself (RFC 8414 §2).
type serverMetadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Registration  string   `json:"registration_endpoint"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	SendsIssuer   bool     `json:"authorization_response_iss_parameter_supported"`
	Documents     bool     `json:"client_id_metadata_document_supported"`
}

// discover follows a challenge to the authorization server.
func (c *Client) discover(ctx context.Context, ch challenge) (resourceMetadata, serverMetadata, error) {
	resource, err := c.discoverResource(ctx, ch.parameters["resource_metadata"])
	if err != nil {
		return resource, serverMetadata{}, err
	}
	server, err := c.discoverServer(ctx, c.choose(resource.AuthorizationServers))
	return resource, server, err
}

// choose picks the authorization server the client is registered with, else the
// first (RFC 9728 §7.6 leaves it to the client).
func (c *Client) choose(issuers []string) string {
	if r := c.config.Registration; r != nil && slices.Contains(issuers, r.Issuer) {
		return r.Issuer
	}
	return issuers[0]
}

// discoverResource fetches the protected resource metadata: at the URL of the
// challenge if it has one, and then nowhere else; otherwise at the well-known
// URI with the endpoint's path, then at the root (MCP 2026-07-28 Authorization
// Server Discovery).
func (c *Client) discoverResource(ctx context.Context, told string) (resourceMetadata, error) {
	endpoint, err := url.Parse(c.config.Endpoint)
	if err != nil {
		return resourceMetadata{}, fmt.Errorf("read the endpoint: %w", err)
	}
	identifier, _, _ := strings.Cut(c.config.Endpoint, "#")
	identifier, _, _ = strings.Cut(identifier, "?")
	places := []string{told}
	if told == "" {
		places = wellKnownResource(endpoint)
	}
	var m resourceMetadata
	place, err := c.firstDocument(ctx, places, &m)
	if err != nil {
		return m, fmt.Errorf("find the protected resource metadata: %w", err)
	}
	atRoot := told == "" && place == places[len(places)-1]
	switch {
	case m.Resource == identifier:
	case atRoot && m.Resource == origin(endpoint):
	default:
		return m, violation("resource is identical to the URL the client used", "RFC 9728 §3.3",
			"%s says %q of %s", place, m.Resource, identifier)
	}
	if len(m.AuthorizationServers) == 0 {
		return m, violation("authorization_servers names at least one", "MCP 2026-07-28 Authorization Server Discovery",
			"%s names none", place)
	}
	return m, nil
}

// wellKnownResource is where protected resource metadata may be (RFC 9728 §3.1).
func wellKnownResource(endpoint *url.URL) []string {
	const suffix = "/.well-known/oauth-protected-resource"
	root := origin(endpoint) + suffix
	path := strings.TrimSuffix(endpoint.EscapedPath(), "/")
	if path == "" {
		return []string{root}
	}
	return []string{root + path, root}
}

// discoverServer fetches an authorization server's metadata and checks what the
// client must not do without.
func (c *Client) discoverServer(ctx context.Context, issuer string) (serverMetadata, error) {
	var m serverMetadata
	at, err := url.Parse(issuer)
	if err != nil {
		return m, fmt.Errorf("read the issuer: %w", err)
	}
	place, err := c.firstDocument(ctx, wellKnownServer(at), &m)
	if err != nil {
		return m, fmt.Errorf("find the metadata of authorization server %s: %w", issuer, err)
	}
	if m.Issuer != issuer {
		return m, violation("issuer is identical to the one the well-known URL was made from", "RFC 8414 §3.3",
			"%s says %q", place, m.Issuer)
	}
	for _, endpoint := range []string{m.Authorization, m.Token} {
		if err := checkEndpoint(endpoint); err != nil {
			return m, err
		}
	}
	if !slices.Contains(m.Challenges, "S256") {
		return m, violation("a client refuses to proceed unless code_challenge_methods_supported has S256",
			"MCP 2026-07-28 Security Considerations", "%s has %q", place, m.Challenges)
	}
	return m, nil
}

// wellKnownServer is where authorization server metadata may be, in the order
// of MCP 2026-07-28 Authorization Server Discovery.
func wellKnownServer(issuer *url.URL) []string {
	const oauth, oidc = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	root, path := origin(issuer), strings.TrimSuffix(issuer.EscapedPath(), "/")
	if path == "" {
		return []string{root + oauth, root + oidc}
	}
	return []string{root + oauth + path, root + oidc + path, root + path + oidc}
}

// firstDocument decodes the first JSON document there is and says where it was.
func (c *Client) firstDocument(ctx context.Context, places []string, into any) (string, error) {
	var missed []string
	for _, place := range places {
		if err := checkEndpoint(place); err != nil {
			return "", err
		}
		missing, err := c.document(ctx, place, into)
		if err != nil {
			return "", fmt.Errorf("%s: %w", place, err)
		}
		if missing == "" {
			return place, nil
		}
		missed = append(missed, place+" is "+missing)
	}
	return "", fmt.Errorf("%s", strings.Join(missed, ", "))
}

// document fetches a JSON document. Anything but a 200 with JSON is missing
// (RFC 8414 §3.2, RFC 9728 §3.2), and missing says what it was.
func (c *Client) document(ctx context.Context, place string, into any) (missing string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Sprintf("HTTP %d", res.StatusCode), nil
	}
	if !isJSON(res.Header) {
		return "no JSON", nil
	}
	return "", json.Unmarshal(body, into)
}

func isJSON(h http.Header) bool { return mediaType(h) == "application/json" }

func mediaType(h http.Header) string {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// checkEndpoint: "All authorization server endpoints MUST be served over HTTPS"
// (MCP 2026-07-28 Security Considerations); this machine is as good.
func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u)) {
		return nil
	}
	return violation("endpoints are served over https", "MCP 2026-07-28 Security Considerations", "one is %q", endpoint)
}

func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// origin is scheme, host and port of a URL (RFC 6454 §6.2), as it was written.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
