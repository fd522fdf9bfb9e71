package rpc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// Error is the error member of a JSON-RPC response. Data is nil when absent.
type Error struct {
	Code    int
	Message string
	Data    json.RawMessage
}

// Error says the code and the message.
func (e *Error) Error() string { return fmt.Sprintf("JSON-RPC error %d: %s", e.Code, e.Message) }

// ParseError is -32700: the text is not JSON.
func ParseError(message string) *Error { return &Error{Code: CodeParseError, Message: message} }

// InvalidRequest is -32600: JSON, but not a message, or an ambiguous one.
func InvalidRequest(message string) *Error { return &Error{Code: CodeInvalidRequest, Message: message} }

// MethodNotFound is -32601 for a method that the receiver does not have.
func MethodNotFound(method string) *Error {
	return &Error{Code: CodeMethodNotFound, Message: "method not found: " + method}
}

// InvalidParams is -32602.
func InvalidParams(message string) *Error { return &Error{Code: CodeInvalidParams, Message: message} }

// Internal is -32603. The message reaches the client: no internals in it.
func Internal(message string) *Error { return &Error{Code: CodeInternal, Message: message} }

// HeaderMismatch is -32020: a header is missing or contradicts the body
// (MCP 2026-07-28, Transports, "Server Validation").
func HeaderMismatch(message string) *Error { return &Error{Code: CodeHeaderMismatch, Message: message} }

// MissingCapability is -32021. required is the capabilities object that the
// client would have had to declare.
func MissingCapability(required json.RawMessage) *Error {
	return &Error{Code: CodeMissingCapability, Message: "the client did not declare a capability that this needs",
		Data: concat(`{"requiredCapabilities":`, required, `}`)}
}

// UnsupportedVersion is -32022, listing what the portal's front speaks
// (MCP 2026-07-28, Versioning).
func UnsupportedVersion(requested string) *Error {
	data := []byte(`{"supported":[`)
	for i, r := range Supported() {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(data, Quote(string(r))...)
	}
	data = append(data, `],"requested":`...)
	data = append(append(data, Quote(requested)...), '}')
	return &Error{Code: CodeUnsupportedVersion, Message: "unsupported protocol version", Data: data}
}

// MarshalJSON is [Error.Raw], as far as encoding/json lets it: that compacts
// Data and escapes <, > and &.
func (e *Error) MarshalJSON() ([]byte, error) { return e.Raw(), nil }

// Raw writes the error object, Data byte for byte.
func (e *Error) Raw() json.RawMessage {
	out := append([]byte(`{"code":`), strconv.Itoa(e.Code)...)
	out = append(append(out, `,"message":`...), Quote(e.Message)...)
	if e.Data != nil {
		out = append(append(out, `,"data":`...), e.Data...)
	}
	return append(out, '}')
}

// HTTPStatus is the status that a response carrying this error has over HTTP.
// The older revisions give errors of the message's text 400 and all others
// 200; MCP 2026-07-28, Transports, gives an unknown method 404 and errors of
// the request 400.
func (e *Error) HTTPStatus(rev Revision) int {
	switch e.Code {
	case CodeParseError, CodeInvalidRequest, CodeHeaderMismatch, CodeMissingCapability, CodeUnsupportedVersion:
		return http.StatusBadRequest
	case CodeMethodNotFound:
		if rev == Stateless {
			return http.StatusNotFound
		}
	case CodeInvalidParams:
		if rev == Stateless {
			return http.StatusBadRequest
		}
	}
	return http.StatusOK
}

// DecodeError reads the error member of a response. A value that is not an
// error object, or has no integer code, becomes -32603.
func DecodeError(value json.RawMessage) *Error {
	e, _ := decodeError(value)
	return e
}

func decodeError(value json.RawMessage) (e *Error, ok bool) {
	o, err := ParseObject(value, "code", "message", "data")
	if err != nil {
		return Internal("the answer carries a malformed error"), false
	}
	code, _ := o.Get("code")
	n, err := strconv.ParseInt(string(code), 10, 32)
	if err != nil {
		return Internal("the answer carries an error without a code"), false
	}
	message, _ := o.GetString("message")
	data, _ := o.Get("data")
	return &Error{Code: int(n), Message: message, Data: data}, true
}
