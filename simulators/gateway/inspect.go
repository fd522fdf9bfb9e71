package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
)

// inspectLimit is how much of a body is looked at, in bytes. Longer requests are
// forwarded whole.
const inspectLimit = 1 << 20

// statelessRevision is the first MCP revision whose servers compare Mcp-Method
// and Mcp-Name with the body (MCP 2026-07-28, Transports). Before it the two
// header fields are anybody's claim.
const statelessRevision = "2026-07-28"

// inspect looks at a request before any of it is forwarded, and decides. The
// request leaves here as it came, with the body put back.
func (x *exchange) inspect() error {
	method, tool := headerCall(x.r.Header)
	if isPlainJSON(x.r.Header) && x.r.Body != nil && x.r.Body != http.NoBody {
		seen, err := io.ReadAll(io.LimitReader(x.r.Body, inspectLimit))
		if err != nil {
			return err
		}
		x.r.Body = &spliced{Reader: io.MultiReader(bytes.NewReader(seen), x.r.Body), Closer: x.r.Body}
		if m, t, ok := bodyCall(seen); ok {
			method, tool = m, t
		}
	}
	x.entry.change(func(r *Record) { r.MCPMethod, r.Tool, r.Action = method, tool, Allow })
	return nil
}

// spliced is a body whose beginning has been read before.
type spliced struct {
	io.Reader
	io.Closer
}

func isPlainJSON(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	encoding := h.Get("Content-Encoding")
	return err == nil && kind == "application/json" && (encoding == "" || encoding == "identity")
}

// bodyCall reads method and tool name from one JSON-RPC message. Member names
// are compared exactly: "Method" is not a method.
func bodyCall(body []byte) (method, tool string, ok bool) {
	var message, params map[string]json.RawMessage
	if json.Unmarshal(body, &message) != nil || json.Unmarshal(message["method"], &method) != nil {
		return "", "", false
	}
	if method == "tools/call" && json.Unmarshal(message["params"], &params) == nil {
		_ = json.Unmarshal(params["name"], &tool) // not a string: no name
	}
	return method, tool, true
}

// headerCall reads them from the mirrored header fields, for bodies that cannot
// be read.
func headerCall(h http.Header) (method, tool string) {
	if h.Get("MCP-Protocol-Version") < statelessRevision {
		return "", ""
	}
	method = h.Get("Mcp-Method")
	if method == "tools/call" {
		tool = decodeValue(h.Get("Mcp-Name"))
	}
	return method, tool
}

// decodeValue undoes the Base64 form of values a header field cannot carry (MCP
// 2026-07-28, Transports); intermediaries must, before they look at one.
func decodeValue(value string) string {
	inner, isEncoded := strings.CutPrefix(value, "=?base64?")
	inner, isClosed := strings.CutSuffix(inner, "?=")
	if !isEncoded || !isClosed {
		return value
	}
	decoded, err := base64.StdEncoding.DecodeString(inner)
	if err != nil {
		return value
	}
	return string(decoded)
}
