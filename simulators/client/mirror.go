package client

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// mirror is an argument of a tool that is copied into a header, as the
// x-mcp-header of its schema says (MCP 2026-07-28 Transports, "Custom Headers
// from Tool Parameters").
type mirror struct {
	path []string // property names from the root of the arguments
	name string   // of the header, with its prefix
}

// mirrorsOf finds a tool's mirrored arguments. An error says why the tool is to
// be left out of the list.
func mirrorsOf(schema json.RawMessage) ([]mirror, error) {
	var root any
	if err := json.Unmarshal(schema, &root); err != nil {
		return nil, nil // the schema is wrong in another way
	}
	var w schemaWalk
	if err := w.walk(root, spot{reachable: true}); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, m := range w.found {
		key := strings.ToLower(m.name)
		if seen[key] {
			return nil, fmt.Errorf("x-mcp-header %q is there twice", m.name)
		}
		seen[key] = true
	}
	return w.found, nil
}

type schemaWalk struct{ found []mirror }

// spot is a place in a schema. reachable says whether only keys "properties"
// lead there; an annotation anywhere else makes the tool invalid.
type spot struct {
	path      []string
	reachable bool
}

func (w *schemaWalk) walk(schema any, at spot) error {
	switch node := schema.(type) {
	case []any:
		for _, each := range node {
			if err := w.walk(each, spot{path: at.path}); err != nil {
				return err
			}
		}
	case map[string]any:
		if annotation, has := node["x-mcp-header"]; has {
			m, err := mirrorOf(annotation, node["type"], at)
			if err != nil {
				return err
			}
			w.found = append(w.found, m)
		}
		for key, value := range node {
			if err := w.below(key, value, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *schemaWalk) below(key string, value any, at spot) error {
	switch key {
	case "const", "default", "enum", "examples", "x-mcp-header":
		return nil // data, not a schema
	case "properties":
		properties, _ := value.(map[string]any)
		for name, property := range properties {
			path := append(at.path[:len(at.path):len(at.path)], name)
			if err := w.walk(property, spot{path, at.reachable}); err != nil {
				return err
			}
		}
		return nil
	default:
		return w.walk(value, spot{path: at.path})
	}
}

func mirrorOf(annotation, kind any, at spot) (mirror, error) {
	name, ok := annotation.(string)
	where := strings.Join(at.path, ".")
	switch {
	case !at.reachable || len(at.path) == 0:
		return mirror{}, fmt.Errorf("x-mcp-header stands where no chain of properties leads, near %q", where)
	case !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isTokenChar(r) }):
		return mirror{}, fmt.Errorf("x-mcp-header of %q is no header name: %q", where, annotation)
	case !isPrimitive(kind):
		return mirror{}, fmt.Errorf("x-mcp-header of %q stands at type %v", where, kind)
	}
	return mirror{path: at.path, name: http.CanonicalHeaderKey(headerParam + name)}, nil
}

func isPrimitive(kind any) bool {
	if several, ok := kind.([]any); ok {
		for _, each := range several {
			if !isPrimitive(each) {
				return false
			}
		}
		return len(several) > 0
	}
	return kind == "string" || kind == "integer" || kind == "boolean"
}

// mirroredArguments are the Mcp-Param headers of a call; of a tool that was not
// listed yet none are known.
func (s *Session) mirroredArguments(tool string, arguments json.RawMessage) http.Header {
	s.mu.Lock()
	mirrors := s.mirrored[tool]
	s.mu.Unlock()
	h := http.Header{}
	for _, m := range mirrors {
		if value, ok := plainValue(valueAt(arguments, m.path)); ok {
			h.Set(m.name, headerValue(value))
		}
	}
	return h
}

// valueAt is the value at a path of property names; nil if there is none.
func valueAt(raw json.RawMessage, path []string) json.RawMessage {
	for _, name := range path {
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil {
			return nil
		}
		raw = members[name]
	}
	return raw
}

// plainValue is a string, an integer within ±(2^53−1) or a boolean as it is
// written in a header. Anything else, null too, has no header.
func plainValue(raw json.RawMessage) (string, bool) {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return "", false
	}
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', 0, 64), v == math.Trunc(v) && math.Abs(v) < 1<<53
	default:
		return "", false
	}
}

// headerValue writes a value so that a header can carry it (MCP 2026-07-28
// Transports, "Value Encoding").
func headerValue(value string) string {
	const prefix, suffix = "=?base64?", "?="
	odd := strings.ContainsFunc(value, func(r rune) bool { return r != '\t' && (r < 0x20 || r > 0x7e) })
	if odd || value != strings.Trim(value, " \t") || strings.HasPrefix(value, prefix) && strings.HasSuffix(value, suffix) {
		return prefix + base64.StdEncoding.EncodeToString([]byte(value)) + suffix
	}
	return value
}
