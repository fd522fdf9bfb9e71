package rpc

import "encoding/json"

// Request writes a request, or with a nil id a notification. nil params are
// left out.
func Request(id json.RawMessage, method string, params json.RawMessage) []byte {
	out := make([]byte, 0, len(id)+len(method)+len(params)+48)
	out = append(out, `{"jsonrpc":"2.0"`...)
	if id != nil {
		out = append(append(out, `,"id":`...), id...)
	}
	out = append(append(out, `,"method":`...), Quote(method)...)
	if params != nil {
		out = append(append(out, `,"params":`...), params...)
	}
	return append(out, '}')
}

// ResultMessage writes a successful response.
func ResultMessage(id, result json.RawMessage) []byte {
	out := make([]byte, 0, len(id)+len(result)+40)
	out = append(append(out, `{"jsonrpc":"2.0","id":`...), id...)
	out = append(append(out, `,"result":`...), result...)
	return append(out, '}')
}

// ErrorMessage writes a failed response. With a nil id the member is left out:
// MCP does not allow null (MCP 2026-07-28, Base Protocol, "Responses").
func ErrorMessage(id json.RawMessage, e *Error) []byte { return RawErrorMessage(id, e.Raw()) }

// RawErrorMessage is [ErrorMessage] for an error object that is relayed.
func RawErrorMessage(id, e json.RawMessage) []byte {
	out := make([]byte, 0, len(id)+len(e)+40)
	out = append(out, `{"jsonrpc":"2.0"`...)
	if id != nil {
		out = append(append(out, `,"id":`...), id...)
	}
	out = append(append(out, `,"error":`...), e...)
	return append(out, '}')
}

func concat(before string, value json.RawMessage, after string) json.RawMessage {
	return append(append([]byte(before), value...), after...)
}
