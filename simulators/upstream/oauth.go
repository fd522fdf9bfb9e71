package upstream

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// OAuth is the guard of a protected resource: it wants an access token that the
// authorization server issued for the resource, which is the URL of the MCP
// endpoint, and publishes the resource's metadata (RFC 9728).
func OAuth(as *AuthorizationServer, resource string) Guard {
	return oauth{as: as, resource: resource}
}

type oauth struct {
	as       *AuthorizationServer
	resource string
}

// metadataPath is where the metadata of a resource with a path is, RFC 9728
// §3.1; the root, without that path, has the same document.
const metadataPath = "/.well-known/oauth-protected-resource"

// ServeHTTP publishes the protected resource metadata.
func (g oauth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != metadataPath && r.URL.Path != metadataPath+endpoint:
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		methodNotAllowed("GET, HEAD").write(w, nil)
	default:
		writeJSON(w, http.StatusOK, map[string]any{
			"resource":                 g.resource,
			"authorization_servers":    []string{g.as.issuer},
			"scopes_supported":         g.as.scopes,
			"bearer_methods_supported": []string{"header"},
		})
	}
}

// Admit wants a token of this resource, not expired, with every scope there is.
func (g oauth) Admit(r *http.Request) (Caller, *Refusal) {
	if name := carried(r.Header, "Authorization"); name != "" {
		return Caller{}, leaked(name)
	}
	given := r.Header.Get("Authorization")
	if given == "" {
		return Caller{}, g.challenge(http.StatusUnauthorized, "")
	}
	token, ok := strings.CutPrefix(given, "Bearer ")
	if !ok {
		return Caller{}, g.challenge(http.StatusUnauthorized, "invalid_token")
	}
	t, ok := g.as.grants.introspect(token)
	if !ok || t.resource != g.resource {
		return Caller{}, g.challenge(http.StatusUnauthorized, "invalid_token")
	}
	for _, scope := range g.as.scopes {
		if !slices.Contains(t.scopes, scope) {
			return Caller{}, g.challenge(http.StatusForbidden, "insufficient_scope")
		}
	}
	return Caller{Subject: t.subject, Client: t.client}, nil
}

// challenge says where to learn how to get a token, RFC 9728 §5.1, and which
// scopes it must have, RFC 6750 §3.
func (g oauth) challenge(status int, problem string) *Refusal {
	text := "an access token is needed"
	challenge := `Bearer resource_metadata="` + g.metadataURL() + `", scope="` + strings.Join(g.as.scopes, " ") + `"`
	if problem != "" {
		text = "the access token is not accepted: " + problem
		challenge += `, error="` + problem + `"`
	}
	return &Refusal{Status: status, Text: text, Challenge: challenge}
}

func (g oauth) metadataURL() string {
	u, err := url.Parse(g.resource)
	if err != nil {
		return metadataPath // a resource without an origin is the configuration's fault
	}
	u.Path, u.RawQuery = metadataPath+u.Path, ""
	return u.String()
}
