package trace

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
)

// Message is one JSON-RPC 2.0 message as it was seen, members raw.
type Message struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// Messages reads the JSON-RPC messages of a body: one object, or the data of
// server-sent events. Whatever is not a JSON-RPC message is left out.
func Messages(header http.Header, body string) []Message {
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	switch kind {
	case "application/json":
		return one(body)
	case "text/event-stream":
		var all []Message
		for _, data := range events(body) {
			all = append(all, one(data)...)
		}
		return all
	default:
		return nil
	}
}

// Name is what the message is about: the tool or prompt it names, the URI it
// reads; empty for other methods.
func (m Message) Name() string {
	var params struct{ Name, URI string }
	if json.Unmarshal(m.Params, &params) != nil {
		return ""
	}
	if params.Name != "" {
		return params.Name
	}
	return params.URI
}

func one(data string) []Message {
	var m struct {
		JSONRPC string `json:"jsonrpc"`
		Message
	}
	if json.Unmarshal([]byte(data), &m) != nil || m.JSONRPC != "2.0" {
		return nil
	}
	return []Message{m.Message}
}

// events returns the data of each event of a stream (HTML Living Standard,
// Server-sent events, "Parsing an event stream").
func events(body string) []string {
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body)
	var all []string
	for block := range strings.SplitSeq(body, "\n\n") {
		var data []string
		for line := range strings.SplitSeq(block, "\n") {
			if rest, ok := strings.CutPrefix(line, "data:"); ok {
				data = append(data, strings.TrimPrefix(rest, " "))
			}
		}
		if len(data) > 0 {
			all = append(all, strings.Join(data, "\n"))
		}
	}
	return all
}
