package upstream

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// oauthError is an error OAuth has a name for. The description is for
// developers; it never repeats what was sent.
type oauthError struct{ code, description string }

func (e *oauthError) because(description string) *oauthError {
	return &oauthError{code: e.code, description: description}
}

// RFC 6749 §4.1.2.1 and §5.2; RFC 7591 §3.2.2; RFC 8707 §2.
var (
	errInvalidRequest          = &oauthError{code: "invalid_request"}
	errInvalidClient           = &oauthError{code: "invalid_client"}
	errInvalidGrant            = &oauthError{code: "invalid_grant"}
	errInvalidScope            = &oauthError{code: "invalid_scope"}
	errUnauthorizedClient      = &oauthError{code: "unauthorized_client"}
	errUnsupportedGrantType    = &oauthError{code: "unsupported_grant_type"}
	errUnsupportedResponseType = &oauthError{code: "unsupported_response_type"}
	errAccessDenied            = &oauthError{code: "access_denied"}
	errInvalidTarget           = &oauthError{code: "invalid_target"}
	errInvalidRedirectURI      = &oauthError{code: "invalid_redirect_uri"}
	errInvalidClientMetadata   = &oauthError{code: "invalid_client_metadata"}
)

// parameters are those of an authorization error response, RFC 6749 §4.1.2.1.
func (e *oauthError) parameters() url.Values {
	v := url.Values{"error": {e.code}}
	if e.description != "" {
		v.Set("error_description", e.description)
	}
	return v
}

// write is the error answer of the token, revocation and registration
// endpoints, RFC 6749 §5.2.
func (e *oauthError) write(w http.ResponseWriter) {
	status := http.StatusBadRequest
	if e.code == errInvalidClient.code {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="oauth"`)
	}
	e.writeStatus(w, status)
}

func (e *oauthError) writeStatus(w http.ResponseWriter, status int) {
	body := map[string]string{"error": e.code}
	if e.description != "" {
		body["error_description"] = e.description
	}
	writeJSON(w, status, body)
}

// writeJSON writes an answer no cache may keep; Pragma is asked for by RFC 6749 §5.1.
func writeJSON(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a reader that left is the only failure
}
