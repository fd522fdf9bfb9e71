package credential

import (
	"errors"
	"fmt"
	"strings"
)

// What callers branch on.
var (
	// ErrConsentRequired: the owner has no usable grant for this server and must
	// go through [Vault.Begin]. Says nothing about other owners or servers.
	ErrConsentRequired = errors.New("consent required")
	// ErrRefreshRefused: the authorization server declined to renew the grant for
	// a reason other than the grant itself (a wrong client secret, a moved
	// endpoint). The grant is kept; [Vault.Begin] replaces it.
	ErrRefreshRefused = errors.New("refresh refused")
	// ErrUnavailable: a server did not answer, or not usably. Nothing is
	// forgotten; trying again later can help.
	ErrUnavailable = errors.New("no usable answer")
	// ErrMetadata: the server or its authorization server does not publish what
	// OAuth for MCP needs, or publishes what must not be followed.
	ErrMetadata = errors.New("metadata not acceptable")
	// ErrRegistration: the portal has no client at this authorization server and
	// cannot get one.
	ErrRegistration = errors.New("no client registration")
	// ErrState: the callback belongs to no flow of this owner: unknown, used
	// before, older than ten minutes, or somebody else's.
	ErrState = errors.New("state not valid")
	// ErrIssuer: the callback does not come from the authorization server the
	// flow was begun with (RFC 9207 §2.4).
	ErrIssuer = errors.New("issuer of the authorization response not valid")
)

// Stage is the step at which an authorization server reported an error.
type Stage string

// The steps that have an error response of their own.
const (
	Registering Stage = "registration"  // RFC 7591 §3.2.2
	Authorizing Stage = "authorization" // RFC 6749 §4.1.2.1
	Exchanging  Stage = "token request" // RFC 6749 §5.2
)

// ResponseError is an error that an authorization server reported. Code and
// Description are its words, shortened and without control characters or the
// secrets of the request; they are not HTML-escaped.
type ResponseError struct {
	Stage       Stage
	Status      int    // HTTP status; 0 for Authorizing
	Code        string // such as invalid_grant; "": the answer was no OAuth error
	Description string
}

// Error states stage, status and the server's words.
func (e *ResponseError) Error() string {
	text := string(e.Stage) + " refused"
	if e.Status != 0 {
		text += fmt.Sprintf(" with HTTP status %d", e.Status)
	}
	if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Description != "" {
		text += ": " + e.Description
	}
	return text
}

// quote makes a foreign text fit for errors, pages and logs.
func quote(text string, secrets ...Secret) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, string(s), redacted)
		}
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
	const most = 300
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
