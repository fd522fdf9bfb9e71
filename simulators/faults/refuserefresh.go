package faults

import (
	"io"
	"net/http"
)

// refuseRefresh answers a refresh with invalid_grant, as if the refresh token
// had been withdrawn (RFC 6749 §5.2).
var refuseRefresh = Kind{
	Name: "refuse-refresh", At: issuers,
	Sentence: "answers every refresh of a token with invalid_grant",
	strikes:  func(*http.Request) bool { return true }, // at whatever path tokens are given
	needs:    func(r *http.Request) bool { return form(r).Get("grant_type") == "refresh_token" },
	befall: func(Fault, http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"the refresh token is no longer good"}`)
		})
	},
}
