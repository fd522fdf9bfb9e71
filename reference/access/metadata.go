package access

import "net/http"

// scope is the only one there is: to use the portal.
const scope = "mcp"

// resource is what tokens are for: the MCP endpoint.
func (a *Access) resource() string { return a.Origin + MCPPath }

// protectedResource answers RFC 9728 §3, at the path form that belongs to the
// MCP endpoint and at the root, where clients look next. Both name the MCP
// endpoint as the resource: it is the one there is.
func (a *Access) protectedResource(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{
		"resource":                 a.resource(),
		"authorization_servers":    []string{a.Origin},
		"scopes_supported":         []string{scope},
		"bearer_methods_supported": []string{"header"},
	})
}

// authorizationServer answers RFC 8414 §3.
func (a *Access) authorizationServer(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         a.Origin,
		"authorization_endpoint":                         a.Origin + "/oauth/authorize",
		"token_endpoint":                                 a.Origin + "/oauth/token",
		"registration_endpoint":                          a.Origin + "/oauth/register",
		"revocation_endpoint":                            a.Origin + "/oauth/revoke",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported":          []string{"none"},
		"revocation_endpoint_auth_methods_supported":     []string{"none"},
		"code_challenge_methods_supported":               []string{"S256"},
		"scopes_supported":                               []string{scope},
		"authorization_response_iss_parameter_supported": true, // RFC 9207 §3
		"client_id_metadata_document_supported":          true,
	})
}

// challenge answers 401 with the way to the metadata (RFC 9728 §5.1). why is
// empty if no credential was presented.
func (a *Access) challenge(w http.ResponseWriter, why string) {
	w.Header().Set("WWW-Authenticate", a.challengeValue(why))
	answerJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
}

// challengeValue names no error if no credential was presented (RFC 6750 §3.1).
func (a *Access) challengeValue(why string) string {
	way := `resource_metadata="` + a.Origin + `/.well-known/oauth-protected-resource/mcp", scope="` + scope + `"`
	if why == "" {
		return "Bearer " + way
	}
	return `Bearer error="invalid_token", error_description="` + why + `", ` + way
}
