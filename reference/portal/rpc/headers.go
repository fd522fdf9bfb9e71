package rpc

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// Headers of MCP over HTTP.
const (
	headerVersion = "Mcp-Protocol-Version"
	headerMethod  = "Mcp-Method"
	headerName    = "Mcp-Name"
)

// A header value that is not plain ASCII travels as =?base64?…?=
// (MCP 2026-07-28, Transports, "Value Encoding").
const (
	sentinelOpen  = "=?base64?"
	sentinelClose = "?="
)

// CheckHeaders compares Mcp-Method and Mcp-Name of a stateless request with its
// body (MCP 2026-07-28, Transports, "Server Validation"): a body that says
// something else than its headers is refused before anybody acts on either.
// Messages of the stateful revisions, which know no such headers, and
// notifications, for which the revision defines none, pass.
func CheckHeaders(h http.Header, m Message) *Error {
	version, err := single(h, headerVersion)
	if err != nil {
		return err
	}
	if _, declared := m.Meta(metaVersion); !m.IsRequest() || !declared && !namesStateless(version) {
		return nil
	}
	if era, _ := Era(version); era == Stateful {
		return nil
	}
	method, err := single(h, headerMethod)
	if err != nil {
		return err
	}
	if method != m.Method {
		return HeaderMismatch(headerMethod + " header is missing or differs from the body")
	}
	if !named(m.Method) {
		return nil
	}
	return checkName(h, m)
}

func checkName(h http.Header, m Message) *Error {
	name, ok := m.Name()
	if !ok {
		return InvalidParams("params has no name")
	}
	encoded, err := single(h, headerName)
	if err != nil {
		return err
	}
	if decoded, ok := DecodeHeader(encoded); !ok || decoded != name {
		return HeaderMismatch(headerName + " header is missing or differs from the body")
	}
	return nil
}

// named reports whether requests of a method carry Mcp-Name.
func named(method string) bool {
	return method == "tools/call" || method == "prompts/get" || method == "resources/read"
}

// single is the value of a header that may occur once; "" if it does not
// occur. Two values, or bytes that are not visible ASCII or blanks, are a
// mismatch: another reader might take the other one.
func single(h http.Header, name string) (string, *Error) {
	values := h[name]
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 {
		return "", HeaderMismatch(name + " header occurs more than once")
	}
	value := strings.Trim(values[0], " \t")
	if !visible(value) {
		return "", HeaderMismatch(name + " header has characters it may not have")
	}
	return value, nil
}

func visible(value string) bool {
	for i := range len(value) {
		if c := value[i]; (c < ' ' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

// EncodeHeader writes a text as a header value, in Base64 if it has bytes that
// a header cannot carry, blanks at either end, or looks encoded already.
func EncodeHeader(text string) string {
	ascii := visible(text) && !strings.Contains(text, "\t") && strings.Trim(text, " ") == text
	looks := strings.HasPrefix(text, sentinelOpen) && strings.HasSuffix(text, sentinelClose)
	if ascii && !looks {
		return text
	}
	return sentinelOpen + base64.StdEncoding.EncodeToString([]byte(text)) + sentinelClose
}

// DecodeHeader reads what [EncodeHeader] writes; false if the Base64 is not
// exactly what an encoder would have written.
func DecodeHeader(value string) (string, bool) {
	inner, open := strings.CutPrefix(value, sentinelOpen)
	inner, closed := strings.CutSuffix(inner, sentinelClose)
	if !open || !closed {
		return value, true
	}
	text, err := base64.StdEncoding.Strict().DecodeString(inner)
	return string(text), err == nil
}

// SetHeaders sets the headers that a revision asks of an outgoing request with
// these params. rev may be one of the older stateful revisions, as negotiated.
// An initialize carries none: nothing is negotiated yet.
func SetHeaders(h http.Header, rev Revision, method string, params json.RawMessage) {
	if method == "initialize" {
		return
	}
	h[headerVersion] = []string{string(rev)}
	if rev != Stateless {
		return
	}
	h[headerMethod] = []string{method}
	if !named(method) || params == nil {
		return
	}
	member := "name"
	if nameMember(method) == paramURI {
		member = "uri"
	}
	if value, ok := Lookup(params, member); ok {
		if name, ok := Unquote(value); ok {
			h[headerName] = []string{EncodeHeader(name)}
		}
	}
}
