package idp

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// oauthError is an error the protocol has a name for. description is for
// developers; it never repeats what was sent.
type oauthError struct {
	code        string
	description string
}

func (e *oauthError) because(description string) *oauthError {
	return &oauthError{code: e.code, description: description}
}

// RFC 6749 §4.1.2.1 and §5.2.
var (
	errInvalidRequest          = &oauthError{code: "invalid_request"}
	errInvalidClient           = &oauthError{code: "invalid_client"}
	errInvalidGrant            = &oauthError{code: "invalid_grant"}
	errInvalidScope            = &oauthError{code: "invalid_scope"}
	errUnsupportedGrantType    = &oauthError{code: "unsupported_grant_type"}
	errUnsupportedResponseType = &oauthError{code: "unsupported_response_type"}
	errServerError             = &oauthError{code: "server_error"}
)

// OpenID Connect Core §3.1.2.6.
var (
	errLoginRequired            = &oauthError{code: "login_required"}
	errRequestNotSupported      = &oauthError{code: "request_not_supported"}
	errRequestURINotSupported   = &oauthError{code: "request_uri_not_supported"}
	errRegistrationNotSupported = &oauthError{code: "registration_not_supported"}
)

// parameters are those of an authorization error response, RFC 6749 §4.1.2.1.
func (e *oauthError) parameters() url.Values {
	v := url.Values{"error": {e.code}}
	if e.description != "" {
		v.Set("error_description", e.description)
	}
	return v
}

// writeTokenError is the error answer of the token endpoint, RFC 6749 §5.2.
func (p *Provider) writeTokenError(w http.ResponseWriter, e *oauthError) {
	status := http.StatusBadRequest
	switch e.code {
	case errInvalidClient.code:
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="`+p.issuer+`"`)
	case errServerError.code:
		status = http.StatusInternalServerError
	}
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
