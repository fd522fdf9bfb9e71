package rpc_test

import (
	"net/http"
	"testing"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

const (
	version = `"io.modelcontextprotocol/protocolVersion":"2026-07-28"`
	caps    = `"io.modelcontextprotocol/clientCapabilities":{}`
)

func request(method, params string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params + `}}`
}

func meta(members string) string { return `"_meta":{` + members + `}` }

func TestRevisionOf(t *testing.T) {
	modern := request("tools/list", meta(version+","+caps))
	tests := []struct {
		name, raw string
		header    []string
		want      rpc.Revision
		code      int
	}{
		{"stateless", modern, []string{"2026-07-28"}, rpc.Stateless, 0},
		{"stateless with blanks", modern, []string{" 2026-07-28\t"}, rpc.Stateless, 0},
		{"escaped key", request("tools/list", meta(`"io.modelcontextprotocol\/protocolVersion":"2026-07-28",`+caps)), []string{"2026-07-28"}, rpc.Stateless, 0},
		{"initialize", request("initialize", `"protocolVersion":"2025-11-25"`), nil, rpc.Stateful, 0},
		{"stateful", request("tools/list", ""), []string{"2025-11-25"}, rpc.Stateful, 0},
		{"older", request("tools/list", ""), []string{"2025-06-18"}, rpc.Stateful, 0},
		{"no header", request("tools/list", meta(`"progressToken":1`)), nil, rpc.Stateful, 0},
		{"old version in _meta", request("tools/list", meta(`"io.modelcontextprotocol/protocolVersion":"2025-11-25"`)), []string{"2025-11-25"}, rpc.Stateful, 0},
		{"notification", `{"jsonrpc":"2.0","method":"notifications/x"}`, []string{"2026-07-28"}, rpc.Stateless, 0},
		{"unknown header", request("tools/list", ""), []string{"1999-01-01"}, "", -32022},
		{"nonsense header", request("tools/list", ""), []string{"x"}, "", -32022},
		{"later version", request("tools/list", meta(`"io.modelcontextprotocol/protocolVersion":"2027-01-01",`+caps)), []string{"2027-01-01"}, "", -32022},
		{"version missing in header", modern, nil, "", -32020},
		{"version missing in body", request("tools/list", meta(caps)), []string{"2026-07-28"}, "", -32602},
		{"versions differ", modern, []string{"2025-11-25"}, "", -32020},
		{"versions differ the other way", request("tools/list", meta(`"io.modelcontextprotocol/protocolVersion":"2025-11-25"`)), []string{"2026-07-28"}, "", -32020},
		{"two headers", modern, []string{"2026-07-28", "2026-07-28"}, "", -32020},
		{"header with control characters", modern, []string{"2026-07-28\x01"}, "", -32020},
		{"version not a string", request("tools/list", meta(`"io.modelcontextprotocol/protocolVersion":1`)), []string{"2026-07-28"}, "", -32602},
		{"no capabilities", request("tools/list", meta(version)), []string{"2026-07-28"}, "", -32602},
		{"capabilities not an object", request("tools/list", meta(version+`,"io.modelcontextprotocol/clientCapabilities":null`)), []string{"2026-07-28"}, "", -32602},
		{"client info not an object", request("tools/list", meta(version+","+caps+`,"io.modelcontextprotocol/clientInfo":""`)), []string{"2026-07-28"}, "", -32602},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rev, err := rpc.RevisionOf(http.Header{"Mcp-Protocol-Version": tt.header}, parse(t, tt.raw))
			checkCode(t, err, tt.code)
			if rev != tt.want {
				t.Errorf("revision %q, want %q", rev, tt.want)
			}
		})
	}
}

func TestUnsupportedVersionListsWhatIsSpoken(t *testing.T) {
	want := `{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26"],"requested":"1\""}`
	if got := string(rpc.UnsupportedVersion(`1"`).Data); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCheckHeaders(t *testing.T) {
	full := meta(version + "," + caps)
	call := request("tools/call", `"name":"wiki_search",`+full)
	tests := []struct {
		name, raw    string
		method, tool []string
		code         int
	}{
		{"good", call, []string{"tools/call"}, []string{"wiki_search"}, 0},
		{"encoded", call, []string{"tools/call"}, []string{"=?base64?d2lraV9zZWFyY2g=?="}, 0},
		{"not ASCII", request("tools/call", `"name":"é",`+full), []string{"tools/call"}, []string{"=?base64?w6k=?="}, 0},
		{"no name needed", request("tools/list", full), []string{"tools/list"}, nil, 0},
		{"uri", request("resources/read", `"uri":"a://b",`+full), []string{"resources/read"}, []string{"a://b"}, 0},
		{"uri differs", request("resources/read", `"uri":"a://b",`+full), []string{"resources/read"}, []string{"a://c"}, -32020},
		{"no method", call, nil, []string{"wiki_search"}, -32020},
		{"method differs", call, []string{"tools/list"}, []string{"wiki_search"}, -32020},
		{"method in other case", call, []string{"Tools/call"}, []string{"wiki_search"}, -32020},
		{"two methods", call, []string{"tools/call", "tools/list"}, []string{"wiki_search"}, -32020},
		{"no name", call, []string{"tools/call"}, nil, -32020},
		{"name differs", call, []string{"tools/call"}, []string{"wiki_delete"}, -32020},
		{"two names", call, []string{"tools/call"}, []string{"wiki_search", "wiki_search"}, -32020},
		{"raw bytes in the name", request("tools/call", `"name":"é",`+full), []string{"tools/call"}, []string{"é"}, -32020},
		{"broken Base64", call, []string{"tools/call"}, []string{"=?base64?d2lraV9zZWFyY2g?="}, -32020},
		{"loose Base64", request("tools/call", `"name":"a",`+full), []string{"tools/call"}, []string{"=?base64?YR==?="}, -32020},
		{"body without a name", request("tools/call", full), []string{"tools/call"}, []string{"x"}, -32602},
		{"name not a string", request("tools/call", `"name":1,`+full), []string{"tools/call"}, []string{"1"}, -32602},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": tt.method, "Mcp-Name": tt.tool}
			checkCode(t, rpc.CheckHeaders(h, parse(t, tt.raw)), tt.code)
		})
	}
}

func TestCheckHeadersLetsTheStatefulErasPass(t *testing.T) {
	for _, h := range []http.Header{{}, {"Mcp-Protocol-Version": {"2025-11-25"}, "Mcp-Method": {"ping"}}} {
		checkCode(t, rpc.CheckHeaders(h, parse(t, request("tools/call", `"name":"a"`))), 0)
	}
}

func TestSetHeaders(t *testing.T) {
	params := []byte(`{"name":"\u00e9","uri":"a://b"}`)
	tests := []struct {
		rev     rpc.Revision
		method  string
		version string
		tool    string
	}{
		{rpc.Stateful, "initialize", "", ""},
		{rpc.Stateful, "tools/call", "2025-11-25", ""},
		{"2025-06-18", "tools/call", "2025-06-18", ""},
		{rpc.Stateless, "tools/call", "2026-07-28", "=?base64?w6k=?="},
		{rpc.Stateless, "resources/read", "2026-07-28", "a://b"},
		{rpc.Stateless, "tools/list", "2026-07-28", ""},
	}
	for _, tt := range tests {
		h := http.Header{}
		rpc.SetHeaders(h, tt.rev, tt.method, params)
		if h.Get("MCP-Protocol-Version") != tt.version || h.Get("Mcp-Name") != tt.tool {
			t.Errorf("%s %s: %v", tt.rev, tt.method, h)
		}
		if (h.Get("Mcp-Method") == tt.method) != (tt.rev == rpc.Stateless) {
			t.Errorf("%s %s: %v", tt.rev, tt.method, h)
		}
	}
}

func TestHeaderValuesReadBack(t *testing.T) {
	for _, text := range []string{"plain", "", "with blank", " leading", "trailing ", "tab\there", "é", "a\nb", "=?base64?eA==?="} {
		encoded := rpc.EncodeHeader(text)
		if got, ok := rpc.DecodeHeader(encoded); got != text || !ok {
			t.Errorf("%q travels as %q and arrives as %q", text, encoded, got)
		}
	}
}

func TestNegotiate(t *testing.T) {
	for requested, want := range map[string]rpc.Revision{
		"2025-11-25": rpc.Stateful, "2025-06-18": "2025-06-18", "2025-03-26": "2025-03-26",
		"2026-07-28": rpc.Stateful, "2024-11-05": rpc.Stateful, "": rpc.Stateful,
	} {
		if got := rpc.Negotiate(requested); got != want {
			t.Errorf("Negotiate(%q) = %q, want %q", requested, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	if got := rpc.Choose([]string{"2024-11-05", "2025-06-18", "2025-11-25"}); got != rpc.Stateful {
		t.Errorf("got %q", got)
	}
	if got := rpc.Choose([]string{"2099-01-01"}); got != "" {
		t.Errorf("got %q", got)
	}
}

func checkCode(t *testing.T, err *rpc.Error, want int) {
	t.Helper()
	got := 0
	if err != nil {
		got = err.Code
	}
	if got != want {
		t.Errorf("code %d, want %d (%v)", got, want, err)
	}
}
