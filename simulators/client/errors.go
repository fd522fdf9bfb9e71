package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// RPCError is a JSON-RPC error response (JSON-RPC 2.0 §5.1).
type RPCError struct {
	Code    int
	Message string
	Data    json.RawMessage // nil: none

	Status int // of the HTTP response that carried it
}

// Error names code, message and data, and the HTTP status if it was not 200.
func (e *RPCError) Error() string {
	text := fmt.Sprintf("JSON-RPC error %d: %s", e.Code, e.Message)
	if e.Data != nil {
		text += " " + string(e.Data)
	}
	if e.Status != http.StatusOK {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	return text
}

// HTTPError is a refusal that is HTTP's own: any status of 300 and more whose
// body is no JSON-RPC error, 401 and 403 always, and 404 in a session, where it
// says that the session is gone.
type HTTPError struct {
	Status int
	Header http.Header
	Body   []byte

	Err error // why the client could not help itself, if it tried; nil: it did not
}

// Error names the status and the beginning of the body.
func (e *HTTPError) Error() string {
	text := fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))
	if body := excerpt(string(e.Body)); body != "" {
		text += ": " + body
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap is why the client could not help itself.
func (e *HTTPError) Unwrap() error { return e.Err }

// ViolationError is an answer that breaks a rule. The client does not use it.
type ViolationError struct {
	Rule   string // what should have been
	Source string // where that stands: "MCP 2026-07-28 Transports"
	Seen   string // what was
}

// Error names the rule, its source and what was seen.
func (e *ViolationError) Error() string {
	return fmt.Sprintf("%s (%s), but %s", e.Rule, e.Source, e.Seen)
}

// violation makes a *ViolationError; seen is a format.
func violation(rule, source, seen string, args ...any) error {
	return &ViolationError{Rule: rule, Source: source, Seen: fmt.Sprintf(seen, args...)}
}

// OAuthError is a refusal of the authorization server: an authorization error
// response (RFC 6749 §4.1.2.1), or one of its token or registration endpoint
// (RFC 6749 §5.2, RFC 7591 §3.2.2).
type OAuthError struct {
	Code        string // "access_denied"; empty if the answer had none
	Description string
	Status      int // HTTP; 0: it came by redirect
}

// Error names the code, the description and the status.
func (e *OAuthError) Error() string {
	text := "the authorization server refused"
	if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Description != "" {
		text += ": " + e.Description
	}
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	return text
}

// maxBody bounds what is read of one answer, in bytes.
const maxBody = 64 << 20

// readRefusal reads a response that refuses, and closes it.
func readRefusal(res *http.Response) (*HTTPError, error) {
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("read an answer of HTTP %d: %w", res.StatusCode, err)
	}
	return &HTTPError{Status: res.StatusCode, Header: res.Header, Body: body}, nil
}

// excerpt is the beginning of a text, on one line.
func excerpt(text string) string {
	const most = 300
	line := strings.Join(strings.Fields(text), " ")
	if runes := []rune(line); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return line
}
