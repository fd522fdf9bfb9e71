package client

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// message is a JSON-RPC message of the server, members raw.
type message struct {
	raw    json.RawMessage
	id     json.RawMessage // nil: none
	method string          // empty: a response
	params json.RawMessage
	result json.RawMessage // nil: none
	fault  *RPCError       // nil: none
}

func (m message) isRequest() bool      { return m.method != "" && m.id != nil }
func (m message) isNotification() bool { return m.method != "" && m.id == nil }

// parseMessage reads one message. Keys count as they are spelt: encoding/json
// alone would take "Result" for "result".
func parseMessage(raw []byte) (message, error) {
	m := message{raw: raw}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return m, violation("a message is one JSON object", "JSON-RPC 2.0 §4", "it is %q", excerpt(string(raw)))
	}
	if string(members["jsonrpc"]) != `"2.0"` {
		return m, violation(`jsonrpc is "2.0"`, "JSON-RPC 2.0 §4", "it is %q", members["jsonrpc"])
	}
	id, has := members["id"]
	if has && !isID(id) {
		return m, violation("an id is a string or an integer, and not null", "MCP 2026-07-28 Basic, \"Messages\"", "it is %s", id)
	}
	m.id, m.params, m.result = id, members["params"], members["result"]
	if method, has := members["method"]; has && (json.Unmarshal(method, &m.method) != nil || m.method == "") {
		return m, violation("method is a string", "JSON-RPC 2.0 §4", "it is %s", method)
	}
	fault, failed := members["error"]
	_, succeeded := members["result"]
	count := 0
	for _, is := range []bool{m.method != "", failed, succeeded} {
		if is {
			count++
		}
	}
	if count != 1 {
		return m, violation("a message has one of method, result and error", "JSON-RPC 2.0 §4, §5", "it is %q", excerpt(string(raw)))
	}
	if failed {
		return m, m.readFault(fault)
	}
	return m, nil
}

func (m *message) readFault(raw json.RawMessage) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return violation("error is an object", "JSON-RPC 2.0 §5.1", "it is %s", raw)
	}
	code, err := strconv.Atoi(string(members["code"]))
	if err != nil {
		return violation("an error code is an integer", "MCP 2026-07-28 Basic, \"Messages\"", "it is %q", members["code"])
	}
	m.fault = &RPCError{Code: code, Data: members["data"]}
	if json.Unmarshal(members["message"], &m.fault.Message) != nil {
		return violation("an error has a message", "JSON-RPC 2.0 §5.1", "it is %s", raw)
	}
	return nil
}

func isID(raw json.RawMessage) bool {
	if len(raw) > 0 && raw[0] == '"' {
		return true
	}
	_, err := strconv.ParseInt(string(raw), 10, 64)
	return err == nil
}

// encode writes a request, or a notification if id is nil.
func encode(id json.RawMessage, method string, params json.RawMessage) ([]byte, error) {
	return marshal(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id,omitempty"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params,omitempty"`
	}{"2.0", id, method, params})
}

// encodeReply writes a response of the client to a request of the server.
func encodeReply(id json.RawMessage, result any, fault any) ([]byte, error) {
	return marshal(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  any             `json:"result,omitempty"`
		Error   any             `json:"error,omitempty"`
	}{"2.0", id, result, fault})
}

// marshal is json.Marshal without escapes for HTML: what a caller gave raw goes
// out as it was given, but for white space.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
