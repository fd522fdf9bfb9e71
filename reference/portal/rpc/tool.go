package rpc

import (
	"bytes"
	"encoding/json"
)

// TranslateTool fits one tool of a tools/list result. shown is false for a
// tool that cannot work across the revisions: one that only runs as a task of
// the 2025 kind, which the newer revision does not have.
//
// Towards [Stateless] the execution member goes, which its schema does not
// know; towards [Stateful] an outputSchema whose root is not an object goes,
// as does the structured content it describes.
func TranslateTool(tool json.RawMessage, from, to Revision) (translated json.RawMessage, shown bool) {
	if (from == Stateless) == (to == Stateless) {
		return tool, true
	}
	o, err := ParseObject(tool, "name")
	if err != nil {
		return nil, false
	}
	if to == Stateless {
		execution := o.GetObject("execution")
		if support, _ := execution.GetString("taskSupport"); support == "required" {
			return nil, false
		}
		o.Delete("execution")
		return o.Bytes(), true
	}
	if _, ok := o.Get("outputSchema"); ok {
		schema := o.GetObject("outputSchema")
		if kind, _ := schema.GetString("type"); kind != "object" {
			o.Delete("outputSchema")
		}
	}
	return o.Bytes(), true
}

// translateTools fits every tool of a list. The list is written anew only if
// a tool changes or goes.
func translateTools(o *Object, from, to Revision) {
	list, ok := o.Get("tools")
	if !ok {
		return
	}
	tools, err := Elements(list)
	if err != nil {
		return
	}
	kept, changed := make([]json.RawMessage, 0, len(tools)), false
	for _, tool := range tools {
		translated, shown := TranslateTool(tool, from, to)
		changed = changed || !shown || !bytes.Equal(tool, translated)
		if shown {
			kept = append(kept, translated)
		}
	}
	if changed {
		o.Set("tools", Array(kept))
	}
}

// Elements are the values of a JSON array, raw. The error is an *[Error].
func Elements(array json.RawMessage) ([]json.RawMessage, error) {
	s := scanner{doc: array}
	if s.space(); !s.next('[') {
		return nil, InvalidRequest("not an array")
	}
	var out []json.RawMessage
	for s.space(); !s.next(']'); s.space() {
		if len(out) > 0 && !s.next(',') {
			return nil, ParseError("invalid JSON: expected a comma or the end of the array")
		}
		s.space()
		from := s.at
		if !s.value(inPlain) {
			return nil, s.err
		}
		out = append(out, array[from:s.at:s.at])
	}
	if s.space(); s.at != len(array) {
		return nil, ParseError("invalid JSON: text after the end of the value")
	}
	if s.refused != nil {
		return nil, s.refused
	}
	return out, nil
}

// Array writes values as a JSON array.
func Array(values []json.RawMessage) json.RawMessage {
	size := 2 + len(values)
	for _, v := range values {
		size += len(v)
	}
	out := append(make([]byte, 0, size), '[')
	for i, v := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, v...)
	}
	return append(out, ']')
}
