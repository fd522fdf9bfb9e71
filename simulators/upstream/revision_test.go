package upstream_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/simulators/upstream"
)

const list = `{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{` + meta + `}}`

// TestStatelessRefusals: most of these checks are the SDK's.
func TestStatelessRefusals(t *testing.T) {
	call := `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{},` + meta + `}}`
	for _, revision := range []string{"", stateless} {
		_, base := start(t, upstream.Config{Revision: revision, Tools: tools()})
		for name, c := range map[string]struct {
			header header
			body   string
			status int
			code   int
		}{
			"no version header":     {modern("tools/list", "").and(header{"Mcp-Protocol-Version": ""}), list, 400, -32020},
			"no version in _meta":   {modern("tools/list", ""), `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`, 400, -32602},
			"versions differ":       {modern("tools/list", "").and(header{"Mcp-Protocol-Version": stateful}), list, 400, -32020},
			"unknown later version": {modern("tools/list", "").and(header{"Mcp-Protocol-Version": "2027-01-01"}), strings.Replace(list, stateless, "2027-01-01", 1), 400, -32022},
			"no capabilities":       {modern("tools/list", ""), `{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, 400, -32602},
			"no Mcp-Method":         {modern("", ""), list, 400, -32020},
			"wrong Mcp-Method":      {modern("tools/call", ""), list, 400, -32020},
			"no Mcp-Name":           {modern("tools/call", ""), call, 400, -32020},
			"wrong Mcp-Name":        {modern("tools/call", "fail"), call, 400, -32020},
			"Mcp-Name not Base64":   {modern("tools/call", "=?base64?*?="), call, 400, -32020},
			"unknown method":        {modern("dance", ""), strings.Replace(list, "tools/list", "dance", 1), 404, -32601},
			"removed method":        {modern("ping", ""), strings.Replace(list, "tools/list", "ping", 1), 404, -32601},
		} {
			t.Run(revision+" "+name, func(t *testing.T) {
				a := post(t, base, c.header, c.body)
				if a.status != c.status {
					t.Fatalf("status %d, want %d: %s", a.status, c.status, a.body)
				}
				if m := a.rpc(t); m.Error == nil || m.Error.Code != c.code {
					t.Errorf("want code %d: %s", c.code, a.body)
				}
			})
		}
		for _, name := range []string{"echo", "=?base64?ZWNobw==?="} {
			if a := post(t, base, modern("tools/call", name), call); a.status != http.StatusOK || a.rpc(t).Error != nil {
				t.Errorf("Mcp-Name %s: %d %s", name, a.status, a.body)
			}
		}
		// What the revision tells servers to ignore.
		stray := header{"Mcp-Session-Id": "made-up", "Last-Event-Id": "7"}
		if a := post(t, base, modern("tools/list", "").and(stray), list); a.status != http.StatusOK || a.header.Get("Mcp-Session-Id") != "" {
			t.Errorf("stray session id and event id: %d %s", a.status, a.body)
		}
		for _, verb := range []string{http.MethodGet, http.MethodDelete} {
			a := send(t, verb, base+"/mcp", header{"Mcp-Protocol-Version": stateless, "Accept": "text/event-stream"}, "")
			if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "POST" {
				t.Errorf("%s: %d", verb, a.status)
			}
		}
	}
}

// TestPinnedStateful: a modern request gets what a server of 2025-11-25
// answers, without an error code of a later revision.
func TestPinnedStateful(t *testing.T) {
	_, base := start(t, upstream.Config{Revision: stateful, Tools: tools()})
	discover := `{"jsonrpc":"2.0","id":2,"method":"server/discover","params":{` + meta + `}}`
	for name, h := range map[string]header{
		"modern":            modern("server/discover", ""),
		"only in the body":  plain,
		"only in the _meta": plain.and(header{"Mcp-Protocol-Version": stateful}),
	} {
		a := post(t, base, h, discover)
		if a.status != http.StatusBadRequest || strings.Contains(a.body, "jsonrpc") || !strings.Contains(a.body, "Unsupported protocol version: 2026-07-28") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := send(t, http.MethodGet, base+"/mcp", header{"Mcp-Protocol-Version": stateless, "Accept": "text/event-stream"}, ""); a.status != http.StatusBadRequest {
		t.Errorf("GET: %d %s", a.status, a.body)
	}
	a := post(t, base, plain, strings.Replace(initialize, stateful, "2025-06-18", 1))
	if !strings.Contains(a.body, `"protocolVersion":"2025-11-25"`) {
		t.Errorf("another version than the pinned was negotiated: %s", a.body)
	}
	if a := post(t, base, plain.and(header{"Mcp-Protocol-Version": "2025-06-18"}), initialize); a.status != http.StatusBadRequest {
		t.Errorf("older header: %d %s", a.status, a.body)
	}
}

// TestPinnedStateless: a legacy client is told which versions there are.
func TestPinnedStateless(t *testing.T) {
	_, base := start(t, upstream.Config{Revision: stateless, Tools: tools()})
	for name, c := range map[string]struct {
		header header
		body   string
		code   int
		data   string
	}{
		"initialize":             {plain, initialize, -32022, `{"requested":"2025-11-25","supported":["2026-07-28"]}`},
		"initialize with header": {plain.and(header{"Mcp-Protocol-Version": stateful}), initialize, -32022, `{"requested":"2025-11-25","supported":["2026-07-28"]}`},
		"legacy request":         {plain.and(header{"Mcp-Protocol-Version": stateful, "Mcp-Session-Id": "x"}), ping, -32022, `{"requested":"2025-11-25","supported":["2026-07-28"]}`},
		"no version at all":      {plain, ping, -32020, ""},
		"initialized":            {plain.and(header{"Mcp-Protocol-Version": stateful}), `{"jsonrpc":"2.0","method":"notifications/initialized"}`, -32022, `{"requested":"2025-11-25","supported":["2026-07-28"]}`},
	} {
		a := post(t, base, c.header, c.body)
		m := a.rpc(t)
		if a.status != http.StatusBadRequest || m.Error == nil || m.Error.Code != c.code || string(m.Error.Data) != c.data {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	a := post(t, base, modern("server/discover", ""), strings.Replace(list, "tools/list", "server/discover", 1))
	if !strings.Contains(a.body, `"supportedVersions":["2026-07-28"]`) {
		t.Errorf("discover: %s", a.body)
	}
}

func TestOlderRevisionNeedsNoVersionHeader(t *testing.T) {
	_, base := start(t, upstream.Config{})
	a := post(t, base, plain, strings.Replace(initialize, stateful, "2025-03-26", 1))
	session := plain.and(header{"Mcp-Session-Id": a.header.Get("Mcp-Session-Id")})
	if a := post(t, base, session, ping); a.status != http.StatusOK {
		t.Errorf("without: %d %s", a.status, a.body)
	}
	if a := post(t, base, session.and(header{"Mcp-Protocol-Version": stateful}), ping); a.status != http.StatusBadRequest {
		t.Errorf("with another: %d %s", a.status, a.body)
	}
}
