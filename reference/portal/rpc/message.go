package rpc

import (
	"bytes"
	"encoding/json"
)

// Message is one JSON-RPC message. The raw members are slices of Raw.
type Message struct {
	Raw    []byte
	ID     json.RawMessage // nil: none
	Method string          // "": a response
	Params json.RawMessage // an object, or nil
	Result json.RawMessage
	Error  json.RawMessage

	found [noted]span
}

// Parse reads one message in one pass. The error is always an *[Error], ready
// for the sender: -32700 for what is not JSON, -32600 for what is not one
// unambiguous message (see the package comment), -32602 for params that are
// not an object. Where the id could be read the returned message holds it.
func Parse(raw []byte) (Message, error) {
	s := scanner{doc: raw}
	s.space()
	if s.at < len(raw) && raw[s.at] != '{' {
		return Message{Raw: raw}, notObject(raw)
	}
	if !s.document(inEnvelope) {
		return Message{Raw: raw}, s.err
	}
	if s.twoIDs {
		s.found[memberID] = span{}
	}
	m := Message{Raw: raw, found: s.found}
	if err := m.read(); err != nil {
		return Message{Raw: raw, ID: m.ID}, err
	}
	if s.refused != nil {
		return Message{Raw: raw, ID: m.ID}, s.refused
	}
	return m, nil
}

// notObject tells a value that is no message from what is not even JSON.
func notObject(raw []byte) *Error {
	s := scanner{doc: raw}
	switch {
	case !s.document(inPlain):
		return s.err
	case bytes.TrimLeft(raw, " \t\r\n")[0] == '[':
		return InvalidRequest("batches are not part of MCP")
	default:
		return InvalidRequest("a message is an object")
	}
}

// read fills the members from the spans and checks that they make a message.
func (m *Message) read() *Error {
	m.ID = m.found[memberID].in(m.Raw)
	m.Params = m.found[memberParams].in(m.Raw)
	m.Result = m.found[memberResult].in(m.Raw)
	m.Error = m.found[memberError].in(m.Raw)
	if string(m.ID) == "null" && m.Error != nil {
		m.ID = nil // JSON-RPC 2.0 §5: the answer to a request whose id was not readable
	}
	if m.ID != nil && !validID(m.ID) {
		m.ID = nil
		return InvalidRequest("the id is neither a string nor a number")
	}
	if v := m.found[memberJSONRPC].in(m.Raw); string(v) != `"2.0"` {
		return InvalidRequest(`the message does not say "jsonrpc":"2.0"`)
	}
	if method := m.found[memberMethod].in(m.Raw); method != nil {
		return m.readRequest(method)
	}
	return m.readResponse()
}

func validID(id json.RawMessage) bool {
	return id[0] == '"' || id[0] == '-' || '0' <= id[0] && id[0] <= '9'
}

func (m *Message) readRequest(method json.RawMessage) *Error {
	m.Method = methodName(method)
	switch {
	case m.Method == "":
		return InvalidRequest("the method is not a name")
	case m.Result != nil || m.Error != nil:
		return InvalidRequest("both a request and a response")
	case m.Params != nil && m.Params[0] != '{':
		return InvalidParams("params is not an object")
	}
	return nil
}

func (m *Message) readResponse() *Error {
	switch {
	case m.Result == nil && m.Error == nil:
		return InvalidRequest("neither a request nor a response")
	case m.Result != nil && m.Error != nil:
		return InvalidRequest("both a result and an error")
	case m.Result != nil && m.ID == nil:
		return InvalidRequest("a result without an id")
	case m.Params != nil:
		return InvalidRequest("a response with params")
	}
	return nil
}

// IsRequest reports whether the sender expects an answer.
func (m Message) IsRequest() bool { return m.Method != "" && m.ID != nil }

// IsNotification reports whether the message is a method without an id.
func (m Message) IsNotification() bool { return m.Method != "" && m.ID == nil }

// IsResponse reports whether the message answers a request.
func (m Message) IsResponse() bool { return m.Method == "" && (m.Result != nil || m.Error != nil) }

// Param is a direct member of params, raw.
func (m Message) Param(name string) (json.RawMessage, bool) {
	switch k := paramKey([]byte(name)); {
	case k != none:
		v := m.found[k].in(m.Raw)
		return v, v != nil
	case m.Params == nil:
		return nil, false
	}
	return Lookup(m.Params, name)
}

// Name is params.name, or for resources params.uri: what the request is about
// and what its Mcp-Name header repeats. False if absent or not a string.
func (m Message) Name() (string, bool) {
	v := m.found[nameMember(m.Method)].in(m.Raw)
	if v == nil {
		return "", false
	}
	return Unquote(v)
}

// Meta is a direct member of params._meta, raw.
func (m Message) Meta(name string) (json.RawMessage, bool) {
	meta := m.found[paramMeta].in(m.Raw)
	if meta == nil || meta[0] != '{' {
		return nil, false
	}
	return Lookup(meta, name)
}

// ResultType is result.resultType (MCP 2026-07-28): "" if absent. ok is false
// when it is not a string.
func (m Message) ResultType() (kind string, ok bool) {
	v := m.found[resultType].in(m.Raw)
	if v == nil {
		return "", true
	}
	return Unquote(v)
}

// Rename replaces params.name (params.uri for resources) and returns the new
// params. If the new name, quoted, is not longer than the old one, it is
// written into Raw with spaces before it: the length and every other byte
// stay. Otherwise params is built anew and m does not change.
// Params without a name are returned as they are.
func (m Message) Rename(name string) json.RawMessage {
	at := m.found[nameMember(m.Method)]
	old := at.in(m.Raw)
	if old == nil {
		return m.Params
	}
	quoted := Quote(name)
	if len(quoted) <= len(old) {
		pad := len(old) - len(quoted)
		for i := range pad {
			old[i] = ' '
		}
		copy(old[pad:], quoted)
		return m.Params
	}
	from := m.found[memberParams].from
	out := make([]byte, 0, len(m.Params)+len(quoted)-len(old))
	out = append(out, m.Params[:at.from-from]...)
	out = append(out, quoted...)
	return append(out, m.Params[at.to-from:]...)
}

func nameMember(method string) known {
	if method == "resources/read" || method == "resources/subscribe" || method == "resources/unsubscribe" {
		return paramURI
	}
	return paramName
}
