package portal

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// result is the text of a JSON-RPC result in pieces, which are written one
// after the other: a list is not copied for every client that asks for it.
type result [][]byte

func text(s string) result { return result{[]byte(s)} }

func (r result) size() (n int) {
	for _, piece := range r {
		n += len(piece)
	}
	return n
}

// answer is the HTTP response to one message. It is plain JSON unless the
// server sent a notification first; then it is an event stream, whose last
// event is the response.
type answer struct {
	w         http.ResponseWriter
	streaming bool
}

// notify sends a notification at once.
func (a *answer) notify(raw []byte) error {
	if !a.streaming {
		a.openStream()
	}
	if err := rpc.WriteEvent(a.w, raw); err != nil {
		return err
	}
	return http.NewResponseController(a.w).Flush()
}

func (a *answer) openStream() {
	a.streaming = true
	h := a.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // MCP 2026-07-28, Transports, "Sending Messages"
	a.w.WriteHeader(http.StatusOK)
}

// result writes a successful response. A client that has gone is not told.
func (a *answer) result(id json.RawMessage, r result) {
	head, tail := `{"jsonrpc":"2.0","id":`+string(id)+`,"result":`, "}"
	if a.streaming {
		message := make([]byte, 0, len(head)+r.size()+len(tail))
		message = append(message, head...)
		for _, piece := range r {
			message = append(message, piece...)
		}
		_ = a.notify(append(message, tail...))
		return
	}
	a.json(http.StatusOK, len(head)+r.size()+len(tail))
	_, _ = a.w.Write([]byte(head))
	for _, piece := range r {
		_, _ = a.w.Write(piece)
	}
	_, _ = a.w.Write([]byte(tail))
}

// failure writes an error response, e being the error object. On a stream
// that has begun the status is spent.
func (a *answer) failure(status int, id, e json.RawMessage) {
	message := rpc.RawErrorMessage(id, e)
	if a.streaming {
		_ = a.notify(message)
		return
	}
	a.json(status, len(message))
	_, _ = a.w.Write(message)
}

// nothing ends the response without an answer: the client said that it does
// not want one (MCP 2025-11-25, Cancellation).
func (a *answer) nothing() {
	if !a.streaming {
		a.openStream()
	}
}

func (a *answer) json(status, length int) {
	h := a.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(length))
	h.Set("Cache-Control", "no-store")
	a.w.WriteHeader(status)
}
