package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// TestGapsOfTheSDK shows what mcp-go v1.2.1 does by itself where a Server here
// does otherwise. A row that fails after an upgrade names a check that may have
// become unnecessary.
func TestGapsOfTheSDK(t *testing.T) {
	sdk := server.NewMCPServer("bare", "1")
	sdk.AddTool(mcp.NewTool("fail"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return nil, errors.New("no")
	})
	base := host(t, server.NewStreamableHTTPServer(sdk, server.WithStateful(true))).URL
	a := post(t, base, plain, initialize)
	fresh := plain.and(header{"Mcp-Session-Id": a.header.Get("Mcp-Session-Id"), "Mcp-Protocol-Version": stateful})
	tools := `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`
	for name, c := range map[string]struct {
		header header
		body   string
		status int
	}{
		"sameOrigin: a foreign Origin is served":              {fresh.and(header{"Origin": "https://evil.example"}), ping, 200},
		"accepts: JSON alone is accepted":                     {fresh.and(header{"Accept": "application/json"}), ping, 200},
		"receive: a wrong Content-Type is a 400":              {fresh.and(header{"Content-Type": "text/plain"}), ping, 400},
		"advance: requests are served before initialized":     {fresh, tools, 200},
		"checkSession: a missing session id is a 404":         {fresh.and(header{"Mcp-Session-Id": ""}), ping, 404},
		"checkSession: the version header is not needed":      {fresh.and(header{"Mcp-Protocol-Version": ""}), ping, 200},
		"checkSession: another version is served":             {fresh.and(header{"Mcp-Protocol-Version": "2025-06-18"}), ping, 200},
		"parse: id null is a notification":                    {fresh, `{"jsonrpc":"2.0","id":null,"method":"ping"}`, 202},
		"unambiguous: a key may stand twice":                  {fresh, `{"jsonrpc":"2.0","id":2,"method":"tools/list","method":"ping"}`, 200},
		"foldsTo: keys are read whatever their case":          {fresh, `{"jsonrpc":"2.0","id":2,"METHOD":"ping"}`, 200},
		"hand: Last-Event-ID is refused in 2026-07-28":        {modern("tools/list", "").and(header{"Last-Event-Id": "1"}), list, 400},
		"checkStateful: initialize may carry a session id":    {fresh, initialize, 200},
		"checkStateful: initialize may leave its version out": {plain, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`, 200},
		"post: a response that nobody waits for is a 202":     {fresh, `{"jsonrpc":"2.0","id":2,"result":{}}`, 202},
	} {
		if a := post(t, base, c.header, c.body); a.status != c.status {
			t.Errorf("%s: no longer: %d %s", name, a.status, a.body)
		}
	}
	if a := post(t, base, fresh, `{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`); string(a.rpc(t).ID) == "9007199254740993" {
		t.Error("reply.identify: large ids are no longer rounded")
	}
	if a := post(t, base, fresh, callBody("1", "fail", `{}`, "")); a.rpc(t).Error.Code != mcp.INTERNAL_ERROR {
		t.Error("call.refuse: a tool can choose its error code now")
	}
	a = send(t, http.MethodHead, base+"/elsewhere", nil, "")
	if a.status != http.StatusOK {
		t.Error("serve: HEAD and other paths are no longer answered with 200")
	}
}
