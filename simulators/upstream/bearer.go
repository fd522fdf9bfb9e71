package upstream

import (
	"net/http"
	"strings"
)

// Bearer is the guard of a server that wants one static token, in the
// Authorization header and nowhere else (RFC 6750 §2.1).
func Bearer(token string) Guard { return bearer{token} }

type bearer struct{ token string }

// Admit wants the token and no other credential.
func (b bearer) Admit(r *http.Request) (Caller, *Refusal) {
	if name := carried(r.Header, "Authorization"); name != "" {
		return Caller{}, leaked(name)
	}
	refusal := &Refusal{Status: http.StatusUnauthorized, Text: "a bearer token is needed", Challenge: `Bearer realm="mcp"`}
	given := r.Header.Get("Authorization")
	if given == "" {
		return Caller{}, refusal
	}
	token, ok := strings.CutPrefix(given, "Bearer ")
	if !ok || !equal(token, b.token) {
		refusal.Text, refusal.Challenge = "the bearer token is wrong", refusal.Challenge+`, error="invalid_token"`
		return Caller{}, refusal
	}
	return Caller{Subject: "static"}, nil
}
