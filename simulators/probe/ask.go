package probe

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// clientInfo is how the probe introduces itself.
var clientInfo = map[string]string{"name": "portico-probe", "version": "1"}

// modern is a request of 2026-07-28, which stands alone.
func (e *evidence) modern(method string, params map[string]any) request {
	stamped := map[string]any{"_meta": map[string]any{
		"io.modelcontextprotocol/protocolVersion":    stateless,
		"io.modelcontextprotocol/clientCapabilities": struct{}{},
		"io.modelcontextprotocol/clientInfo":         clientInfo,
	}}
	maps.Copy(stamped, params)
	q := e.post(method, stamped)
	q.header.Set(headerRevision, stateless)
	q.header.Set(headerMethod, method)
	return q
}

// stateful is a message of 2025-11-25, in the session if there is one.
func (e *evidence) stateful(method string, params map[string]any) request {
	q := e.post(method, params)
	if e.negotiated >= "2025-06-18" { // where the header begins
		q.header.Set(headerRevision, e.negotiated)
	}
	if e.session != "" {
		q.header.Set(headerSession, e.session)
	}
	return q
}

func (e *evidence) post(method string, params map[string]any) request {
	e.line.lastID++
	q := request{verb: http.MethodPost, at: e.at, method: method, id: strconv.Itoa(e.line.lastID), header: http.Header{
		"Accept":       {"application/json, text/event-stream"},
		"Content-Type": {"application/json"},
	}}
	message := map[string]any{"jsonrpc": "2.0", "method": method}
	if !strings.HasPrefix(method, "notifications/") {
		message["id"] = e.line.lastID
	}
	if params != nil {
		message["params"] = params
	}
	q.body, _ = json.Marshal(message) // strings, numbers and maps of them have a JSON form
	return q
}
