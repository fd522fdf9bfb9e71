package upstream

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// refusal reads an answer whose status is not success. A JSON-RPC error to
// this request under a status of 4xx is an answer like any other (MCP
// 2026-07-28 gives an unknown method 404); everything else, and always what is
// about credentials, is a [StatusError].
func refusal(resp *http.Response, l *link, id json.RawMessage) (rpc.Message, error) {
	e := &StatusError{Status: resp.StatusCode, Challenge: strings.Join(resp.Header.Values("WWW-Authenticate"), ", ")}
	m := jsonrpcError(resp)
	if m.Error != nil {
		e.MCPCode = rpc.DecodeError(m.Error).Code
	}
	e.Upstream = e.Challenge != "" || m.Error != nil
	judge(e, l)
	answers := m.Error != nil && id != nil && (m.ID == nil || bytes.Equal(m.ID, id))
	if answers && !e.lost && !e.stale && speaksOfRequest(e.Status) {
		return m, nil
	}
	return rpc.Message{}, e
}

// jsonrpcError is the error response in a body, or the zero Message.
func jsonrpcError(resp *http.Response) rpc.Message {
	body, err := readBody(resp, maxRefusal)
	if err != nil {
		return rpc.Message{}
	}
	m, err := rpc.Parse(body)
	if err != nil || m.Error == nil {
		return rpc.Message{}
	}
	return m
}

// judge decides whether a refusal means that session or era are gone. A 404
// of a method is not one of a session (MCP 2026-07-28, Transports).
func judge(e *StatusError, l *link) {
	switch {
	case l.probe:
	case l.session != "" && e.Status == http.StatusNotFound && e.MCPCode != rpc.CodeMethodNotFound:
		e.lost = true
	case l.era() == rpc.Stateful && e.Status == http.StatusBadRequest && modern(e.MCPCode):
		e.lost = true
	case l.era() == rpc.Stateless && e.MCPCode == rpc.CodeUnsupportedVersion:
		e.lost = true
	case l.era() == rpc.Stateless && (e.MCPCode == 0 || e.MCPCode == -32000 || e.MCPCode == -32001):
		e.stale = e.Status == http.StatusBadRequest || e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed
	}
}

// modern reports whether only a server that knows the stateless revision
// uses a code.
func modern(code int) bool {
	return code == rpc.CodeHeaderMismatch || code == rpc.CodeMissingCapability || code == rpc.CodeUnsupportedVersion
}

// speaksOfRequest reports whether a status can carry a JSON-RPC error about
// the request, rather than about the sender or the server.
func speaksOfRequest(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusTooManyRequests:
		return false
	}
	return status/100 == 4
}
