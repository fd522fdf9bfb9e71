package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
)

// message is a JSON-RPC message as it arrived, with what the checks need of it.
type message struct {
	body   []byte
	id     json.RawMessage // a string or an integer, as written; nil: none
	method string          // empty: a response
	params json.RawMessage // an object, as written; nil: none

	revision      string          // params._meta, io.modelcontextprotocol/protocolVersion
	progressToken json.RawMessage // params._meta; nil: none
	offered       string          // params.protocolVersion, in initialize
	name          string          // params.name
}

func (m message) isRequest() bool { return m.id != nil && m.method != "" }

// parse reads one message and refuses what two readers could read differently.
// The message has its id also when it is refused, if the id is a good one.
func parse(body []byte) (message, *Refusal) {
	m := message{body: body}
	if !utf8.Valid(body) || !json.Valid(body) {
		return m, badMessage(mcp.PARSE_ERROR, "the body is not JSON")
	}
	var envelope map[string]json.RawMessage
	if json.Unmarshal(body, &envelope) != nil || envelope == nil {
		return m, badMessage(mcp.INVALID_REQUEST, "the body is not one JSON-RPC message")
	}
	if isID(envelope["id"]) {
		m.id = envelope["id"]
	}
	if err := unambiguous(body); err != nil {
		return m, badMessage(mcp.INVALID_REQUEST, err.Error())
	}
	if folded := foldsTo(envelope, "jsonrpc", "id", "method", "params", "result", "error"); folded != "" {
		return m, badMessage(mcp.INVALID_REQUEST, "a key is misspelt: "+folded)
	}
	return m, m.read(envelope)
}

func (m *message) read(envelope map[string]json.RawMessage) *Refusal {
	if string(envelope["jsonrpc"]) != `"2.0"` {
		return badMessage(mcp.INVALID_REQUEST, `jsonrpc is not "2.0"`)
	}
	if _, has := envelope["id"]; has && m.id == nil {
		return badMessage(mcp.INVALID_REQUEST, "id is neither a string nor an integer")
	}
	_, isResult := envelope["result"]
	_, isError := envelope["error"]
	method, has := envelope["method"]
	switch {
	case has && (isResult || isError):
		return badMessage(mcp.INVALID_REQUEST, "the message is a request and a response")
	case !has && (isResult || isError):
		return nil
	case json.Unmarshal(method, &m.method) != nil || m.method == "":
		return badMessage(mcp.INVALID_REQUEST, "method is missing or no string")
	}
	return m.readParams(envelope["params"])
}

func (m *message) readParams(raw json.RawMessage) *Refusal {
	if raw == nil {
		return nil
	}
	m.params = raw
	var params map[string]json.RawMessage
	if json.Unmarshal(raw, &params) != nil || params == nil {
		return badMessage(mcp.INVALID_REQUEST, "params is not an object")
	}
	if folded := foldsTo(params, "name", "arguments", "_meta", "uri", "cursor", "protocolVersion", "capabilities", "clientInfo"); folded != "" {
		return badMessage(mcp.INVALID_PARAMS, "a key is misspelt: params."+folded)
	}
	// What is no string counts as missing.
	_ = json.Unmarshal(params["protocolVersion"], &m.offered)
	_ = json.Unmarshal(params["name"], &m.name)
	meta, has := params["_meta"]
	if !has {
		return nil
	}
	var entries map[string]json.RawMessage
	if json.Unmarshal(meta, &entries) != nil || entries == nil {
		return badMessage(mcp.INVALID_PARAMS, "params._meta is not an object")
	}
	_ = json.Unmarshal(entries[mcp.MetaKeyProtocolVersion], &m.revision) // as above
	m.progressToken = entries["progressToken"]
	if m.progressToken != nil && !isID(m.progressToken) {
		return badMessage(mcp.INVALID_PARAMS, "progressToken is neither a string nor an integer")
	}
	return nil
}

// isID reports whether raw is a string or an integer, the two forms of an id
// (MCP 2025-11-25 Basic, "Requests": and it must not be null).
func isID(raw json.RawMessage) bool {
	if len(raw) == 0 {
		return false
	}
	if raw[0] == '"' {
		return true
	}
	return (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9') && !bytes.ContainsAny(raw, ".eE")
}

// foldsTo finds a key that differs from a known one only in case: readers that
// ignore case would take it for the known one.
func foldsTo(object map[string]json.RawMessage, known ...string) string {
	for key := range object {
		for _, k := range known {
			if key != k && strings.EqualFold(key, k) {
				return key
			}
		}
	}
	return ""
}

// unambiguous refuses a key that stands twice in one object, anywhere: readers
// differ on which of the two counts (RFC 8259 §4).
func unambiguous(document []byte) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber() // a number may be larger than any float64
	return uniqueKeys(d)
}

var errTwice = errors.New("a key stands twice in one object")

func uniqueKeys(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	kind, composite := t.(json.Delim)
	if !composite {
		return nil
	}
	seen := map[json.Token]bool{}
	for d.More() {
		if kind == '{' {
			key, err := d.Token()
			if err != nil {
				return err
			}
			if seen[key] {
				return errTwice
			}
			seen[key] = true
		}
		if err := uniqueKeys(d); err != nil {
			return err
		}
	}
	_, err = d.Token() // the closing bracket
	return err
}
