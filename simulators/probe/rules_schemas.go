package probe

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// bigSchema is how many bytes an input schema may have.
const bigSchema = 16 << 10

// schemaRules are about each tool's definition.
var schemaRules = []Rule{
	{ID: "keys-twice", Level: Stop, Topic: "schemas", looks: tooled,
		Sentence: "No object holds a key twice: two readers would see two tools, so a portal leaves it out", Source: "RFC 8259 §4", check: tools(keysTwice, "holds a key twice", "hold a key twice")},
	{ID: "schema-missing", Level: Stop, Topic: "schemas", looks: tooled,
		Sentence: "A tool has an inputSchema", Source: `MCP 2025-11-25 Tools, "Data Types"`, check: tools(schemaMissing, "has no inputSchema", "have no inputSchema")},
	{ID: "schema-object", Level: Stop, Topic: "schemas", looks: tooled,
		Sentence: "An inputSchema is a JSON object, not true, false or null", Source: `MCP 2025-11-25 Tools, "Data Types"`, check: tools(schemaNoObject, "has a schema that is no object", "have a schema that is no object")},
	{ID: "schema-root", Level: Stop, Topic: "schemas", looks: tooled,
		Sentence: "An inputSchema has \"type\": \"object\" at its root", Source: "MCP 2025-11-25 Schema, Tool", check: tools(schemaRoot, "has another root", "have another root")},
	{ID: "schema-composed", Level: Warn, Topic: "schemas", looks: tooled,
		Sentence: "An inputSchema has no anyOf, oneOf or allOf at its root; with one such tool some models' APIs refuse the whole request", Source: "Claude API, input_schema; Amazon Bedrock, ToolSpecification", check: tools(schemaComposed, "has one", "have one")},
	{ID: "schema-root-ref", Level: Warn, Topic: "schemas", looks: tooled,
		Sentence: "An inputSchema has no $ref at its root, behind which clients do not look", Source: "Claude API, input_schema", check: tools(schemaRootRef, "has one", "have one")},
	{ID: "schema-external-ref", Level: Warn, Topic: "schemas", looks: tooled,
		Sentence: "A $ref stays within its schema: nobody may fetch another from the network", Source: `MCP 2026-07-28 Basic, "JSON Schema Usage"`, check: tools(schemaExternal, "points outside", "point outside")},
	{ID: "schema-property", Level: Warn, Topic: "schemas", looks: tooled,
		Sentence: "The names of an input's properties have 1 to 64 letters, digits, underscores, hyphens and dots", Source: "Claude API, input_schema; Amazon Bedrock, ToolSpecification", check: tools(schemaProperty, "has others", "have others")},
	{ID: "schema-large", Level: Warn, Topic: "schemas", looks: tooled,
		Sentence: "An inputSchema has at most 16 KB: a client puts it before a model with every question", Source: "limits of clients", check: tools(schemaLarge, "has a larger one", "have larger ones")},
	{ID: "description", Level: Warn, Topic: "schemas", looks: tooled,
		Sentence: "A tool has a description, by which a model chooses it, and a portal's search finds it", Source: `MCP 2025-11-25 Tools, "Data Types"`, check: tools(descriptionMissing, "has none", "have none")},
}

// tools is a check over each tool.
func tools(like func(definition) bool, single, several string) func(*evidence) (string, *exchange) {
	return func(e *evidence) (string, *exchange) {
		found := names(e.tools, like)
		if found == nil {
			return "", nil
		}
		return few(found) + " " + one(len(found), single, several), e.tools.first()
	}
}

func (d definition) schema() json.RawMessage { return d.members["inputSchema"] }

// root is the members of the input schema; nil: it is no object.
func (d definition) root() map[string]json.RawMessage {
	var root map[string]json.RawMessage
	_ = json.Unmarshal(d.schema(), &root) // what is no object has no members
	return root
}

func schemaMissing(d definition) bool { return d.schema() == nil }

func schemaNoObject(d definition) bool { return d.schema() != nil && d.root() == nil }

func schemaRoot(d definition) bool {
	root := d.root()
	return root != nil && string(root["type"]) != `"object"`
}

func schemaComposed(d definition) bool {
	root := d.root()
	return root["anyOf"] != nil || root["oneOf"] != nil || root["allOf"] != nil
}

func schemaRootRef(d definition) bool { return d.root()["$ref"] != nil }

func schemaExternal(d definition) bool {
	var schema any
	return json.Unmarshal(d.schema(), &schema) == nil && pointsOutside(schema)
}

// pointsOutside looks for a reference that is no fragment. Keys that hold data,
// and the names of properties, are not keywords.
func pointsOutside(schema any) bool {
	switch node := schema.(type) {
	case []any:
		return slices.ContainsFunc(node, pointsOutside)
	case map[string]any:
		for key, value := range node {
			switch key {
			case "$ref", "$dynamicRef":
				if to, ok := value.(string); ok && !strings.HasPrefix(to, "#") {
					return true
				}
			case "const", "default", "enum", "examples":
			case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
				named, _ := value.(map[string]any)
				for _, each := range named {
					if pointsOutside(each) {
						return true
					}
				}
			default:
				if pointsOutside(value) {
					return true
				}
			}
		}
	}
	return false
}

func schemaProperty(d definition) bool {
	var properties map[string]json.RawMessage
	_ = json.Unmarshal(d.root()["properties"], &properties) // as in root
	for name := range properties {
		if name == "" || len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return !inName(r) }) {
			return true
		}
	}
	return false
}

func schemaLarge(d definition) bool { return len(d.schema()) > bigSchema }

func descriptionMissing(d definition) bool {
	var text string
	return json.Unmarshal(d.members["description"], &text) != nil || strings.TrimSpace(text) == ""
}

// keysTwice says whether any object of a definition holds a key twice.
func keysTwice(d definition) bool {
	tokens := json.NewDecoder(bytes.NewReader(d.raw))
	tokens.UseNumber()
	type level struct {
		keys   map[string]bool // nil: an array
		wanted bool            // a key comes next
	}
	var stack []level
	for {
		token, err := tokens.Token()
		if err != nil {
			return false // the end; the whole was valid JSON before
		}
		top := len(stack) - 1
		if key, ok := token.(string); ok && top >= 0 && stack[top].wanted {
			if stack[top].keys[key] {
				return true
			}
			stack[top].keys[key], stack[top].wanted = true, false
			continue
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{map[string]bool{}, true})
			continue
		case json.Delim('['):
			stack = append(stack, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
		}
		if top = len(stack) - 1; top >= 0 && stack[top].keys != nil {
			stack[top].wanted = true // a value ended
		}
	}
}
