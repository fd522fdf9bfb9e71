package upstream

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
)

// Refusal is why a request is not served.
type Refusal struct {
	Status    int    // HTTP
	Text      string // for a developer; it never repeats a credential
	Challenge string // WWW-Authenticate; empty: none

	allow string // the Allow header of a 405
	code  int    // JSON-RPC error code; 0: the body is plain text
	data  any    // of the JSON-RPC error; nil: none
}

// write answers with the refusal. id is that of the refused request, nil if it
// is not known (MCP 2025-11-25 Transports: the body may be a JSON-RPC error
// response that has no id).
func (f *Refusal) write(w http.ResponseWriter, id json.RawMessage) {
	h := w.Header()
	if f.Challenge != "" {
		h.Set("WWW-Authenticate", f.Challenge)
	}
	if f.allow != "" {
		h.Set("Allow", f.allow)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	if f.code == 0 {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Text+"\n") // a reader that left is the only failure
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	_, _ = w.Write(errorMessage(id, f.code, f.Text, f.data)) // as above
}

func badRequest(text string) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Text: text}
}

func notFound(text string) *Refusal {
	return &Refusal{Status: http.StatusNotFound, Text: text}
}

func methodNotAllowed(allow string) *Refusal {
	return &Refusal{Status: http.StatusMethodNotAllowed, Text: "this method is not served here", allow: allow}
}

// badMessage refuses the JSON-RPC message in a request.
func badMessage(code int, text string) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Text: text, code: code}
}

// unsupported names the versions a server speaks, MCP 2026-07-28 Versioning.
func unsupported(requested string, supported ...string) *Refusal {
	f := badMessage(mcp.UNSUPPORTED_PROTOCOL_VERSION, "Unsupported protocol version")
	f.data = map[string]any{"supported": supported, "requested": requested}
	return f
}

// errorMessage is a JSON-RPC error response; it has no id if id is nil.
func errorMessage(id json.RawMessage, code int, text string, data any) []byte {
	type details struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Data    any    `json:"data,omitempty"`
	}
	b, err := json.Marshal(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id,omitempty"`
		Error   details         `json:"error"`
	}{"2.0", id, details{code, text, data}})
	if err != nil {
		return []byte(`{"jsonrpc":"2.0","error":{"code":-32603,"message":"the error has no JSON form"}}`)
	}
	return b
}
