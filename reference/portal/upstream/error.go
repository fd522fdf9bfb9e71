package upstream

import (
	"errors"
	"fmt"
	"net/http"
)

var (
	// ErrUnauthorized is matched by a [StatusError] of 401: the upstream does
	// not take the credential, or wants one.
	ErrUnauthorized = errors.New("the upstream refused the credential")
	// ErrMalformed says that an answer is not what MCP allows.
	ErrMalformed = errors.New("malformed answer")
	// ErrBroken says that the stream of a request ended before its answer. The
	// request may have been carried out.
	ErrBroken = errors.New("the stream ended before the answer")
	// ErrRevision says that the upstream speaks no revision the portal does.
	ErrRevision = errors.New("no common revision of the protocol")
	// ErrTooMany says that a list did not end within its bounds.
	ErrTooMany = errors.New("too many pages or items")
	// ErrClosed says that the Conn was closed.
	ErrClosed = errors.New("connection closed")
)

// StatusError is an HTTP answer other than success that carries no JSON-RPC
// answer for the client. Its text names nothing but the status.
type StatusError struct {
	Status    int
	Challenge string // WWW-Authenticate, as sent
	MCPCode   int    // code of the JSON-RPC error in the body; 0: none
	Upstream  bool   // the answer shows that an MCP server wrote it, not something on the way: it has a challenge or a JSON-RPC body

	lost  bool // session or era is gone, the request was not carried out: open anew and repeat
	stale bool // the era may have changed: open anew for the next request
}

// Error says the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("HTTP status %d %s", e.Status, http.StatusText(e.Status))
}

// Is reports whether a 401 is asked about.
func (e *StatusError) Is(target error) bool {
	return target == ErrUnauthorized && e.Status == http.StatusUnauthorized
}
