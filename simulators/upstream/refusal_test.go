package upstream_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/simulators/upstream"
)

const ping = `{"jsonrpc":"2.0","id":2,"method":"ping"}`

// TestRequestRefusals: what is refused whatever the revision.
func TestRequestRefusals(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools(), MaxBody: 2000})
	session := open(t, base, nil)
	for name, c := range map[string]struct {
		header header
		body   string
		status int
		code   int // JSON-RPC; 0: plain text
	}{
		"foreign origin":             {header{"Origin": "https://evil.example"}, ping, 403, 0},
		"null origin":                {header{"Origin": "null"}, ping, 403, 0},
		"wrong content type":         {header{"Content-Type": "text/plain"}, ping, 415, 0},
		"no content type":            {header{"Content-Type": ""}, ping, 415, 0},
		"accepts JSON only":          {header{"Accept": "application/json"}, ping, 406, 0},
		"accepts streams only":       {header{"Accept": "text/event-stream"}, ping, 406, 0},
		"accepts anything":           {header{"Accept": "*/*"}, ping, 406, 0},
		"accepts streams with q=0":   {header{"Accept": "application/json, text/event-stream;q=0.0"}, ping, 406, 0},
		"too long":                   {nil, `{"jsonrpc":"2.0","id":2,"method":"ping","params":{"x":"` + strings.Repeat("x", 2000) + `"}}`, 413, 0},
		"not JSON":                   {nil, `{"jsonrpc"`, 400, -32700},
		"not UTF-8":                  {nil, "{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}", 400, -32700},
		"two documents":              {nil, ping + ping, 400, -32700},
		"batch":                      {nil, "[" + ping + "]", 400, -32600},
		"null":                       {nil, `null`, 400, -32600},
		"other JSON-RPC version":     {nil, `{"jsonrpc":"1.0","id":2,"method":"ping"}`, 400, -32600},
		"id null":                    {nil, `{"jsonrpc":"2.0","id":null,"method":"ping"}`, 400, -32600},
		"id fractional":              {nil, `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, 400, -32600},
		"id an object":               {nil, `{"jsonrpc":"2.0","id":{},"method":"ping"}`, 400, -32600},
		"no method":                  {nil, `{"jsonrpc":"2.0","id":2}`, 400, -32600},
		"method a number":            {nil, `{"jsonrpc":"2.0","id":2,"method":7}`, 400, -32600},
		"request and response":       {nil, `{"jsonrpc":"2.0","id":2,"method":"ping","result":{}}`, 400, -32600},
		"response to nothing":        {nil, `{"jsonrpc":"2.0","id":2,"result":{}}`, 400, -32600},
		"params an array":            {nil, `{"jsonrpc":"2.0","id":2,"method":"ping","params":[]}`, 400, -32600},
		"_meta an array":             {nil, `{"jsonrpc":"2.0","id":2,"method":"ping","params":{"_meta":[]}}`, 400, -32602},
		"progress token an object":   {nil, `{"jsonrpc":"2.0","id":2,"method":"ping","params":{"_meta":{"progressToken":{}}}}`, 400, -32602},
		"key twice in envelope":      {nil, `{"jsonrpc":"2.0","id":2,"method":"tools/list","method":"ping"}`, 400, -32600},
		"key twice, once escaped":    {nil, `{"jsonrpc":"2.0","id":2,"method":"tools/list","m\u0065thod":"ping"}`, 400, -32600},
		"key twice in params":        {nil, `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","name":"fail"}}`, 400, -32600},
		"key twice in arguments":     {nil, `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"a":[{"b":1,"b":2}]}}}`, 400, -32600},
		"key in other case":          {nil, `{"jsonrpc":"2.0","id":2,"method":"tools/list","Method":"ping"}`, 400, -32600},
		"key in other case, params":  {nil, `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","Name":"fail"}}`, 400, -32602},
		"key with a folding letter":  {nil, `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","argumentſ":{}}}`, 400, -32602},
		"credential in query":        {nil, "", 400, 0},
		"authorization, open server": {header{"Authorization": "Bearer x"}, ping, 400, 0},
	} {
		t.Run(name, func(t *testing.T) {
			url := base + "/mcp"
			if name == "credential in query" {
				url += "?access_token=x"
			}
			a := send(t, http.MethodPost, url, session.and(c.header), c.body)
			if a.status != c.status {
				t.Fatalf("status %d, want %d: %s", a.status, c.status, a.body)
			}
			if c.code == 0 {
				if !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
					t.Errorf("want plain text, got %s", a.header.Get("Content-Type"))
				}
				return
			}
			if m := a.rpc(t); m.Error == nil || m.Error.Code != c.code {
				t.Errorf("want code %d: %s", c.code, a.body)
			}
		})
	}
	if a := post(t, base, session, ping); a.status != http.StatusOK {
		t.Errorf("the unspoilt request: %d %s", a.status, a.body)
	}
}

func TestRefusalsEchoTheID(t *testing.T) {
	_, base := start(t, upstream.Config{})
	session := open(t, base, nil)
	a := post(t, base, session, `{"jsonrpc":"2.0","id":"seven","method":"ping","Method":"x"}`)
	if id := string(a.rpc(t).ID); id != `"seven"` {
		t.Errorf("id %s", id)
	}
	a = post(t, base, session, `{"jsonrpc":"2.0","id":null,"method":"ping"}`)
	if strings.Contains(a.body, `"id"`) {
		t.Errorf("an unknown id must be absent: %s", a.body)
	}
}

func TestRepeatedHeaders(t *testing.T) {
	_, base := start(t, upstream.Config{})
	session := open(t, base, nil)
	for _, name := range []string{"Content-Type", "Mcp-Session-Id", "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/mcp", strings.NewReader(ping))
		if err != nil {
			t.Fatal(err)
		}
		for n, v := range session {
			request.Header.Set(n, v)
		}
		request.Header.Set(name, session[name]+"x")
		request.Header.Add(name, session[name])
		if a := do(t, request); a.status != http.StatusBadRequest || !strings.Contains(a.body, "more than once") {
			t.Errorf("%s twice: %d %s", name, a.status, a.body)
		}
	}
}

func TestOwnOriginIsServed(t *testing.T) {
	_, base := start(t, upstream.Config{Advertise: "https://wiki.example/"})
	if a := post(t, base, plain.and(header{"Origin": "https://wiki.example"}), initialize); a.status != http.StatusOK {
		t.Errorf("own origin: %d %s", a.status, a.body)
	}
	if a := post(t, base, plain.and(header{"Origin": base}), initialize); a.status != http.StatusForbidden {
		t.Errorf("origin of the address, not of the name: %d", a.status)
	}
	_, base = start(t, upstream.Config{})
	if a := post(t, base, plain.and(header{"Origin": base}), initialize); a.status != http.StatusOK {
		t.Errorf("own origin, by Host: %d %s", a.status, a.body)
	}
}

func TestPathsAndVerbs(t *testing.T) {
	_, base := start(t, upstream.Config{})
	for _, path := range []string{"/", "/mcp/", "/sse", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		if a := send(t, http.MethodGet, base+path, nil, ""); a.status != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, a.status)
		}
	}
	for _, verb := range []string{http.MethodPut, http.MethodHead, http.MethodOptions, http.MethodPatch} {
		a := send(t, verb, base+"/mcp", nil, "")
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") == "" {
			t.Errorf("%s: %d, Allow %q", verb, a.status, a.header.Get("Allow"))
		}
	}
}

func TestConfigRefusals(t *testing.T) {
	for name, c := range map[string]upstream.Config{
		"revision":            {Revision: "2024-11-05"},
		"behaviour":           {Tools: []upstream.Tool{{Name: "x", Does: "dances"}}},
		"no behaviour":        {Tools: []upstream.Tool{{Name: "x"}}},
		"no tool name":        {Tools: []upstream.Tool{{Does: upstream.DoesEcho}}},
		"tool name twice":     {Tools: []upstream.Tool{{Name: "x", Does: upstream.DoesEcho}, {Name: "x", Does: upstream.DoesFail}}},
		"schema not JSON":     {Tools: []upstream.Tool{{Name: "x", Does: upstream.DoesEcho, InputSchema: []byte("{")}}},
		"header annotation":   {Tools: []upstream.Tool{{Name: "x", Does: upstream.DoesEcho, InputSchema: []byte(`{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"a b"}}}`)}}},
		"prompt name twice":   {Prompts: []upstream.Prompt{{Name: "p"}, {Name: "p"}}},
		"no name of a prompt": {Prompts: []upstream.Prompt{{}}},
	} {
		if _, err := upstream.New(c); err == nil || !strings.Contains(fmt.Sprint(err), "configuration") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
