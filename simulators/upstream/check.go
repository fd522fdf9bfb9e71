package upstream

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// admit checks what is the same for every verb: where the request comes from
// and whose it is. Both come before anything else is told about the server.
func (s *Server) admit(r *http.Request) (Caller, *Refusal) {
	if !sameOrigin(r, s.advertise) {
		return Caller{}, &Refusal{Status: http.StatusForbidden, Text: "requests of this origin are not served"}
	}
	if r.URL.Query().Has("access_token") {
		return Caller{}, badRequest("a credential in the query is not accepted") // MCP 2025-11-25 Authorization, "Token Requirements"
	}
	if name := repeated(r.Header); name != "" {
		return Caller{}, badRequest("header " + name + " is given more than once")
	}
	return s.guard.Admit(r)
}

// sameOrigin: "Servers MUST validate the Origin header on all incoming
// connections to prevent DNS rebinding attacks" (MCP 2025-11-25 Transports,
// "Security Warning"). Programs send none. own is the server's; empty: what the
// Host header says.
func sameOrigin(r *http.Request, own string) bool {
	origin, has := r.Header["Origin"]
	if !has {
		return true
	}
	if own == "" {
		own = "http://" + r.Host
		if r.TLS != nil {
			own = "https://" + r.Host
		}
	}
	return len(origin) == 1 && origin[0] == own
}

// repeated finds a header that must not be ambiguous and is given twice.
func repeated(h http.Header) string {
	for _, name := range []string{
		"Authorization", "Content-Type", "Mcp-Session-Id", "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name",
	} {
		if len(h.Values(name)) > 1 {
			return name
		}
	}
	return ""
}

// receive reads the message of a POST.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (message, *Refusal) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return message{}, &Refusal{Status: http.StatusUnsupportedMediaType, Text: "Content-Type must be application/json"}
	}
	if !accepts(r.Header, "application/json") || !accepts(r.Header, "text/event-stream") {
		return message{}, &Refusal{Status: http.StatusNotAcceptable, Text: "Accept must list application/json and text/event-stream"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.maxBody))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return message{}, &Refusal{Status: http.StatusRequestEntityTooLarge, Text: "the body is too long"}
	}
	if err != nil {
		return message{}, badRequest("the body ends early")
	}
	return parse(body)
}

// accepts looks for the type itself: MCP 2025-11-25 Transports wants both types
// listed, so a range like */* does not do.
func accepts(h http.Header, want string) bool {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		media, parameters, err := mime.ParseMediaType(part)
		q, weighed := parameters["q"]
		if err == nil && media == want && (!weighed || strings.Trim(q, "0.") != "") {
			return true
		}
	}
	return false
}
