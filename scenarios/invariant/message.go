package invariant

import (
	"encoding/json"
	"io"
	"math"
	"mime"
	"net/http"
	"strings"
)

// message is a JSON-RPC message, or what claims to be one, with every member
// it has: trace.Message keeps only what is well formed.
type message struct {
	doc    map[string]any
	method string
	id     any // json.Number or string; nil: none
	params map[string]any
	meta   map[string]any // of the params
	text   string         // as it was written
}

func (m message) is(member string) bool { _, ok := m.doc[member]; return ok }

// exact is the message with its numbers as they were written.
func (m message) exact() map[string]any {
	dec := json.NewDecoder(strings.NewReader(m.text))
	dec.UseNumber()
	var doc map[string]any
	if dec.Decode(&doc) != nil {
		return nil
	}
	return doc
}

func (m message) request() bool  { return m.method != "" && m.is("id") }
func (m message) response() bool { return m.is("result") || m.is("error") }

// name is what the message is about, as [trace.Message.Name] has it.
func (m message) name() string {
	for _, key := range []string{"name", "uri"} {
		if s, ok := m.params[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// messages reads what a body has of JSON-RPC: one object, or the data of
// server-sent events.
func messages(header http.Header, body string) []message {
	if !strings.Contains(body, `"jsonrpc"`) {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if kind != "text/event-stream" {
		return parsed(nil, body)
	}
	var all []message
	var data []string
	for line := range strings.Lines(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body) + "\n\n") {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "data:"); ok {
			data = append(data, strings.TrimPrefix(rest, " "))
		}
		if line == "" && len(data) > 0 {
			all, data = parsed(all, strings.Join(data, "\n")), nil
		}
	}
	return all
}

func parsed(all []message, text string) []message {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var doc map[string]any
	if dec.Decode(&doc) != nil {
		return all
	}
	if _, err := dec.Token(); err != io.EOF {
		return all
	}
	if _, ok := doc["jsonrpc"]; !ok {
		return all
	}
	m := message{doc: doc, id: doc["id"], text: text}
	bounded(doc)
	m.method, _ = doc["method"].(string)
	m.params, _ = doc["params"].(map[string]any)
	m.meta, _ = m.params["_meta"].(map[string]any)
	return append(all, m)
}

// bounded is a value with every number as a float64, in place: what a number
// with a billion digits costs to compare is nobody's to choose.
func bounded(value any) any {
	switch value := value.(type) {
	case json.Number:
		f, err := value.Float64()
		if err != nil {
			return math.Copysign(math.MaxFloat64, f)
		}
		return f
	case []any:
		for i := range value {
			value[i] = bounded(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = bounded(value[key])
		}
	}
	return value
}

// same says whether two ids are the same text or the same number.
func same(a, b any) bool {
	x, number := a.(json.Number)
	y, too := b.(json.Number)
	if !number || !too {
		s, text := a.(string)
		t, too := b.(string)
		return text && too && s == t
	}
	i, err := x.Float64()
	j, wrong := y.Float64()
	// Beyond 2^53 a float64 holds numbers apart no more; there the digits tell.
	return x == y || err == nil && wrong == nil && i == j && math.Abs(i) < 1<<53
}
