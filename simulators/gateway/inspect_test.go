package gateway_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMCPMethodAndTool(t *testing.T) {
	var got seen
	upstream := httptest.NewServer(recording(&got))
	defer upstream.Close()
	n := build(t)
	header := func(extra ...string) []string {
		return append([]string{"Content-Type", "application/json", "MCP-Protocol-Version", "2026-07-28"}, extra...)
	}
	mirrored := []string{"Mcp-Method", "tools/call", "Mcp-Name", "mirrored"}
	long := strings.Replace(call, "badgers", strings.Repeat("b", 1<<20), 1)
	for _, c := range []struct {
		name, body   string
		header       []string
		method, tool string
	}{
		{"from the body", call, header(), "tools/call", "search"},
		{"with a charset", call, []string{"Content-Type", "application/json; charset=utf-8"}, "tools/call", "search"},
		{"body and header differ", call, header(mirrored...), "tools/call", "search"},
		{"another method", `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}}`, header(), "prompts/get", ""},
		{"keys in another case", `{"Method":"tools/call","Params":{"Name":"x"}}`, header(), "", ""},
		{"name is no string", `{"method":"tools/call","params":{"name":7}}`, header(), "tools/call", ""},
		{"no params", `{"method":"tools/call"}`, header(), "tools/call", ""},
		{"a response", `{"jsonrpc":"2.0","id":1,"result":{}}`, header(), "", ""},
		{"a batch", "[" + call + "]", header(), "", ""},
		{"no JSON", "{", header(mirrored...), "tools/call", "mirrored"},
		{"too long to read, header says", long, header(mirrored...), "tools/call", "mirrored"},
		{"compressed, header says", call, header(append(mirrored, "Content-Encoding", "gzip")...), "tools/call", "mirrored"},
		{"encoded name", "x", header("Mcp-Method", "tools/call", "Mcp-Name", "=?base64?"+base64.StdEncoding.EncodeToString([]byte("naïve"))+"?="), "tools/call", "naïve"},
		{"badly encoded name", "x", header("Mcp-Method", "tools/call", "Mcp-Name", "=?base64?*?="), "tools/call", "=?base64?*?="},
		{"old revision: headers mean nothing", "x", []string{"MCP-Protocol-Version", "2025-11-25", "Mcp-Method", "tools/call", "Mcp-Name", "forged"}, "", ""},
		{"no revision: headers mean nothing", "x", mirrored, "", ""},
		{"not JSON by type", call, []string{"Content-Type", "text/plain"}, "", ""},
	} {
		n.do(t, request(http.MethodPost, upstream.URL, c.body, c.header...))
		if r := n.last(t); r.MCPMethod != c.method || r.Tool != c.tool || r.BytesIn != int64(len(c.body)) {
			t.Errorf("%s: %q %q, %d bytes", c.name, r.MCPMethod, r.Tool, r.BytesIn)
		}
		if got.body != c.body {
			t.Errorf("%s: the upstream got %d bytes of %d", c.name, len(got.body), len(c.body))
		}
	}
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	upstream := httptest.NewServer(recording(new(seen)))
	defer upstream.Close()
	n := build(t)
	for query, expected := range map[string]string{
		"access_token=S&page=2":               "access_token=[redacted]&page=2",
		"code=S&state=S&iss=https://a":        "code=[redacted]&state=[redacted]&iss=https://a",
		"Api-Key=S&q=a;client_secret=S;x":     "Api-Key=[redacted]&q=a;client_secret=[redacted];x",
		"to%6ben=S&to%zzken=1&token&token=":   "to%6ben=[redacted]&to%zzken=1&token&token=",
		"X-Amz-Signature=S&encoding=utf8&s=S": "X-Amz-Signature=[redacted]&encoding=utf8&s=S",
		"keyword=k&monkey=m&country_code=de":  "keyword=k&monkey=m&country_code=de",
	} {
		r := request("POST", upstream.URL+"/p?"+query, `{"method":"CANARY-not-a-call"`, "Content-Type", "application/json",
			"Authorization", "Bearer CANARY", "Cookie", "session=CANARY", "X-Api-Key", "CANARY", "Mcp-Session-Id", "CANARY")
		n.do(t, r)
		if got := n.last(t).URL; got != upstream.URL+"/p?"+expected {
			t.Errorf("%s: logged as %s", query, got)
		}
	}
	r := request("GET", "http://user:CANARY@"+upstream.Listener.Addr().String()+"/", "")
	n.do(t, r)
	n.gateway.Close()
	if out := n.output.String(); strings.Contains(out, "CANARY") || strings.Count(out, "\n") != 7 {
		t.Error(out)
	}
}
