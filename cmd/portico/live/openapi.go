package live

import (
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// openAPI describes the API from the table that serves it, so that the two
// cannot differ (OpenAPI 3.1.1).
func (c *control) openAPI(*http.Request) (any, error) {
	paths := map[string]map[string]any{}
	for _, r := range Routes {
		if paths[r.Path] == nil {
			paths[r.Path] = map[string]any{}
		}
		paths[r.Path][strings.ToLower(r.Method)] = r.operation()
	}
	return map[string]any{
		"openapi": "3.1.1",
		"info": map[string]any{
			"title": "Portico control port", "version": "1",
			"description": "What was seen in a town, and what can be done to it. Only for the machine it runs on.",
		},
		"servers":  []any{map[string]any{"url": c.ready.Control.URL}},
		"security": []any{map[string]any{"token": []string{}}},
		"paths":    paths,
		"components": map[string]any{"securitySchemes": map[string]any{
			"token": map[string]any{"type": "http", "scheme": "bearer", "description": "printed by portico up"},
		}},
	}, nil
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func (r Route) operation() map[string]any {
	answers := map[string]any{}
	if r.Answer == nil {
		answers["204"] = map[string]any{"description": "done"}
	} else {
		answers["200"] = content(r.Answer, r.Sentence)
	}
	if _, waits := r.Query["timeout"]; waits {
		answers["408"] = content(r.Answer, "nothing like it came in time")
	}
	refusal := content(map[string]string{}, "why not")
	answers["default"] = refusal
	if !r.open {
		answers["401"] = refusal
	}
	if r.Query != nil || r.Body != nil {
		answers["400"] = refusal
	}
	operation := map[string]any{"summary": r.Sentence, "operationId": operationID(r), "responses": answers}
	if r.open {
		operation["security"] = []any{}
	}
	if parameters := r.parameters(); parameters != nil {
		operation["parameters"] = parameters
	}
	if r.Body != nil {
		body := content(r.Body, "what is wanted")
		delete(body, "description")
		form := body["content"].(map[string]any)["application/json"].(map[string]any)
		delete(form["schema"].(map[string]any), "required") // what is left out is as the sentences say
		form["example"] = r.Body
		operation["requestBody"] = body
	}
	return operation
}

func (r Route) parameters() []any {
	var all []any
	for _, found := range pathParameter.FindAllStringSubmatch(r.Path, -1) {
		var names []string
		for _, v := range Verbs() {
			names = append(names, v.Name)
		}
		all = append(all, map[string]any{"name": found[1], "in": "path", "required": true, "schema": map[string]any{"type": "string", "enum": names}})
	}
	var names []string
	for name := range r.Query {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		all = append(all, map[string]any{"name": name, "in": "query", "description": r.Query[name], "schema": map[string]any{"type": "string"}})
	}
	return all
}

func operationID(r Route) string {
	words := strings.FieldsFunc(r.Path, func(c rune) bool { return !('a' <= c && c <= 'z') })
	return strings.ToLower(r.Method) + "_" + strings.Join(words, "_")
}

func content(example any, description string) map[string]any {
	return map[string]any{"description": description, "content": map[string]any{
		"application/json": map[string]any{"schema": schema(reflect.TypeOf(example), map[reflect.Type]bool{})},
	}}
}

// schema is the JSON Schema of what a Go type is written as; what a type writes
// by itself, and what contains itself, is anything.
func schema(t reflect.Type, within map[reflect.Type]bool) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return map[string]any{}
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return orNull(schema(t.Elem(), within))
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schema(t.Elem(), within)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schema(t.Elem(), within)}
	case reflect.Struct:
		return object(t, within)
	default:
		return map[string]any{}
	}
}

// members are the fields of a struct that are written, those of what is embedded
// among them: a name of Go's that is hidden is still a name of JSON's.
func members(t reflect.Type) (all []reflect.StructField) {
	for i := range t.NumField() {
		switch f := t.Field(i); {
		case f.Anonymous && f.Tag.Get("json") == "":
			all = append(all, members(f.Type)...)
		case f.IsExported() && f.Tag.Get("json") != "-":
			all = append(all, f)
		}
	}
	return all
}

// orNull is the schema of a value that may be null; one of anything allows it
// as it is.
func orNull(s map[string]any) map[string]any {
	if kind, ok := s["type"].(string); ok {
		s["type"] = []string{kind, "null"}
	}
	return s
}

func object(t reflect.Type, within map[reflect.Type]bool) map[string]any {
	if within[t] {
		return map[string]any{}
	}
	within[t] = true
	defer delete(within, t)
	properties, required := map[string]any{}, []string{}
	for _, f := range members(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		name = cmp.Or(name, f.Name)
		properties[name] = schema(f.Type, within)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}
