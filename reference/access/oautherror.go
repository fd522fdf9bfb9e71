package access

import (
	"encoding/json"
	"net/http"
)

// oauthError is an error response (RFC 6749 §5.2).
type oauthError struct {
	Status      int    `json:"-"`
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// Error is code and description.
func (e oauthError) Error() string { return e.Code + ": " + e.Description }

func (e oauthError) because(why string) oauthError {
	e.Description = why
	return e
}

// One variable for each code of the RFCs that name them.
var (
	invalidRequest          = oauthError{Status: http.StatusBadRequest, Code: "invalid_request"}                 // RFC 6749 §5.2
	invalidClient           = oauthError{Status: http.StatusUnauthorized, Code: "invalid_client"}                // RFC 6749 §5.2
	invalidGrant            = oauthError{Status: http.StatusBadRequest, Code: "invalid_grant"}                   // RFC 6749 §5.2
	unsupportedGrantType    = oauthError{Status: http.StatusBadRequest, Code: "unsupported_grant_type"}          // RFC 6749 §5.2
	invalidScope            = oauthError{Status: http.StatusBadRequest, Code: "invalid_scope"}                   // RFC 6749 §4.1.2.1
	accessDenied            = oauthError{Status: http.StatusForbidden, Code: "access_denied"}                    // RFC 6749 §4.1.2.1
	unsupportedResponseType = oauthError{Status: http.StatusBadRequest, Code: "unsupported_response_type"}       // RFC 6749 §4.1.2.1
	serverError             = oauthError{Status: http.StatusInternalServerError, Code: "server_error"}           // RFC 6749 §4.1.2.1
	temporarilyUnavailable  = oauthError{Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable"} // RFC 6749 §4.1.2.1
	invalidTarget           = oauthError{Status: http.StatusBadRequest, Code: "invalid_target"}                  // RFC 8707 §2
	invalidRedirectURI      = oauthError{Status: http.StatusBadRequest, Code: "invalid_redirect_uri"}            // RFC 7591 §3.2.2
	invalidClientMetadata   = oauthError{Status: http.StatusBadRequest, Code: "invalid_client_metadata"}         // RFC 7591 §3.2.2
	unsupportedTokenType    = oauthError{Status: http.StatusBadRequest, Code: "unsupported_token_type"}          // RFC 7009 §2.2.1
)

func (e oauthError) write(w http.ResponseWriter) { answerJSON(w, e.Status, e) }

// answerJSON answers with a document that no cache may keep.
func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
