package upstream

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// clientMetadata is what a client says of itself, RFC 7591 §2. Other members
// are ignored, as §2 asks.
type clientMetadata struct {
	RedirectURIs    []string `json:"redirect_uris"`
	Name            string   `json:"client_name,omitempty"`
	Method          string   `json:"token_endpoint_auth_method"`
	GrantTypes      []string `json:"grant_types"`
	ResponseTypes   []string `json:"response_types"`
	ApplicationType string   `json:"application_type"`
	Scope           string   `json:"scope,omitempty"`
}

// serveRegister is dynamic client registration, RFC 7591 §3.
func (a *AuthorizationServer) serveRegister(w http.ResponseWriter, r *http.Request) {
	if a.registration == RegistrationForbidden {
		errUnauthorizedClient.because("clients are registered by hand here").writeStatus(w, http.StatusForbidden)
		return
	}
	m, refusal := readClientMetadata(w, r)
	if refusal == nil {
		refusal = m.check(a.scopes)
	}
	if refusal != nil {
		refusal.write(w)
		return
	}
	c := client{
		id: rand.Text(), method: m.Method, redirectURIs: m.RedirectURIs, grantTypes: m.GrantTypes, registered: true,
	}
	c.name = cmp.Or(m.Name, c.id)
	answer := struct {
		clientMetadata
		ID       string `json:"client_id"`
		IssuedAt int64  `json:"client_id_issued_at"`
		Secret   string `json:"client_secret,omitempty"`
		Expires  *int64 `json:"client_secret_expires_at,omitempty"`
	}{clientMetadata: m, ID: c.id, IssuedAt: time.Now().Unix()}
	if m.Method != "none" {
		answer.Secret, answer.Expires = rand.Text(), new(int64) // 0: never, RFC 7591 §3.2.1
		c.secret = digest(answer.Secret)
	}
	a.clients.put(c)
	a.keeper.keep()
	writeJSON(w, http.StatusCreated, answer)
}

// readClientMetadata reads the document and fills in the defaults of RFC 7591
// §2 and, for application_type, of OpenID Connect Dynamic Client Registration §2.
func readClientMetadata(w http.ResponseWriter, r *http.Request) (clientMetadata, *oauthError) {
	var m clientMetadata
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return m, errInvalidRequest.because("the body must be JSON")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil || !json.Valid(body) || unambiguous(body) != nil || json.Unmarshal(body, &m) != nil {
		return m, errInvalidClientMetadata.because("the body cannot be read")
	}
	m.Method = cmp.Or(m.Method, "client_secret_basic")
	m.ApplicationType = cmp.Or(m.ApplicationType, "web")
	if m.GrantTypes == nil {
		m.GrantTypes = []string{"authorization_code"}
	}
	if m.ResponseTypes == nil {
		m.ResponseTypes = []string{"code"}
	}
	return m, nil
}

func (m clientMetadata) check(scopes []string) *oauthError {
	if len(m.RedirectURIs) == 0 {
		return errInvalidRedirectURI.because("redirect_uris is missing")
	}
	for _, uri := range m.RedirectURIs {
		if refusal := checkRedirectURI(uri); refusal != nil {
			return refusal
		}
	}
	switch {
	case !knownMethod(m.Method):
		return errInvalidClientMetadata.because("token_endpoint_auth_method is not supported")
	case m.ApplicationType != "web" && m.ApplicationType != "native":
		return errInvalidClientMetadata.because("application_type is neither web nor native")
	case !slices.Contains(m.GrantTypes, "authorization_code") ||
		!within(m.GrantTypes, []string{"authorization_code", "refresh_token"}):
		return errInvalidClientMetadata.because("grant_types must have authorization_code, and may have refresh_token")
	case !slices.Equal(m.ResponseTypes, []string{"code"}):
		return errInvalidClientMetadata.because("response_types must be code")
	case !within(strings.Fields(m.Scope), scopes):
		return errInvalidClientMetadata.because("a scope is not known")
	}
	return nil
}

// checkRedirectURI: "All redirect URIs MUST be either localhost or use HTTPS"
// (MCP 2025-11-25 Authorization, "Communication Security"); no fragment (RFC
// 6749 §3.1.2).
func checkRedirectURI(uri string) *oauthError {
	u, err := url.Parse(uri)
	if err != nil || !safe(u) {
		return errInvalidRedirectURI.because("a redirect URI is neither https nor http on loopback")
	}
	if strings.Contains(uri, "#") {
		return errInvalidRedirectURI.because("a redirect URI has a fragment")
	}
	return nil
}
