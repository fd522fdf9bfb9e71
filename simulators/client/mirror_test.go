package client_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/client"
)

func listing(tools string) answer {
	return result(`{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[` + tools + `]}`)
}

func tool(name, properties string) string {
	return `{"name":"` + name + `","inputSchema":{"type":"object","properties":{` + properties + `}}}`
}

func TestArgumentsAreMirroredIntoHeaders(t *testing.T) {
	schema := tool("query", `
		"region":{"type":"string","x-mcp-header":"Region"},
		"limit":{"type":"integer","x-mcp-header":"Limit"},
		"dry":{"type":["boolean","string"],"x-mcp-header":"Dry"},
		"deep":{"type":"object","properties":{"tenant":{"type":"string","x-mcp-header":"Tenant"}}},
		"none":{"type":"string","x-mcp-header":"None"},
		"huge":{"type":"integer","x-mcp-header":"Huge"},
		"plain":{"type":"string","default":{"x-mcp-header":"no annotation"}}`)
	p := &peer{answers: map[string]answer{"tools/list": listing(schema)}}
	s := mustConnect(t, p, client.Stateless)
	if _, err := s.ListTools(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := s.Call(t.Context(), "query", json.RawMessage(`{"region":" padded ","limit":-7,"dry":true,"deep":{"tenant":"世界"},"none":null,"huge":9007199254740993,"plain":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name := range p.asked("tools/call")[0].header {
		if len(name) > 10 && name[:10] == "Mcp-Param-" {
			got[name] = p.asked("tools/call")[0].header.Get(name)
		}
	}
	want := map[string]string{
		"Mcp-Param-Region": "=?base64?IHBhZGRlZCA=?=", "Mcp-Param-Limit": "-7", "Mcp-Param-Dry": "true", "Mcp-Param-Tenant": "=?base64?5LiW55WM?=",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestToolsWithAnInvalidAnnotationAreLeftOut(t *testing.T) {
	for name, property := range map[string]string{
		"empty":     `"a":{"type":"string","x-mcp-header":""}`,
		"no string": `"a":{"type":"string","x-mcp-header":1}`,
		"no token":  `"a":{"type":"string","x-mcp-header":"a b"}`,
		"newline":   `"a":{"type":"string","x-mcp-header":"a\r\nb"}`,
		"number":    `"a":{"type":"number","x-mcp-header":"A"}`,
		"object":    `"a":{"type":"object","x-mcp-header":"A"}`,
		"no type":   `"a":{"x-mcp-header":"A"}`,
		"twice":     `"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}`,
		"items":     `"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}`,
		"anyOf":     `"a":{"anyOf":[{"type":"string","x-mcp-header":"A"}]}`,
		"below not": `"a":{"not":{"properties":{"b":{"type":"string","x-mcp-header":"A"}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			p := &peer{answers: map[string]answer{"tools/list": listing(tool("bad", property) + "," + tool("good", `"x-mcp-header":{"type":"string"}`))}}
			tools, err := mustConnect(t, p, client.Stateless).ListTools(t.Context())
			if err != nil || len(tools) != 1 || tools[0].Name != "good" {
				t.Errorf("got %v, %v", tools, err)
			}
			tools, err = mustConnect(t, p, client.Stateful).ListTools(t.Context())
			if err != nil || len(tools) != 2 {
				t.Errorf("where the annotation means nothing: got %v, %v", tools, err)
			}
		})
	}
}

// A server that misses a header makes the client look at the tools again.
func TestAMissingHeaderIsMadeUpFor(t *testing.T) {
	call := func(w http.ResponseWriter, s seen) {
		if s.header.Get("Mcp-Param-Region") != "eu" {
			document(400, "application/json", `{"jsonrpc":"2.0","id":ID,"error":{"code":-32020,"message":"header mismatch"}}`)(w, s)
			return
		}
		result(good2026)(w, s)
	}
	p := &peer{answers: map[string]answer{"tools/call": call, "tools/list": listing(tool("query", `"region":{"type":"string","x-mcp-header":"Region"}`))}}
	s := mustConnect(t, p, client.Stateless)
	if _, err := s.Call(t.Context(), "query", map[string]any{"region": "eu"}); err != nil {
		t.Error(err)
	}
	if _, err := s.Call(t.Context(), "query", map[string]any{"region": "us"}); err == nil {
		t.Error("a second mismatch is not reported")
	}
	if n := len(p.asked("tools/call")); n != 4 {
		t.Errorf("%d calls, want 2 with one retry each", n)
	}
}
