package upstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// mcpGo is an ordinary mcp-go server with one tool, of both eras or the older
// only.
func mcpGo(options ...server.StreamableHTTPOption) http.Handler {
	s := server.NewMCPServer("wiki", "1", server.WithToolCapabilities(true))
	s.AddTool(mcp.NewTool("echo", mcp.WithString("text")), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		text := r.GetString("text", "")
		if r.Params.Meta != nil {
			_ = s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{
				"progressToken": r.Params.Meta.ProgressToken, "progress": 1, "message": text})
		}
		return mcp.NewToolResultText(text), nil
	})
	return server.NewStreamableHTTPServer(s, options...)
}

func goSDK(options *sdk.StreamableHTTPOptions) http.Handler {
	s := sdk.NewServer(&sdk.Implementation{Name: "wiki", Version: "1"}, nil)
	type args struct {
		Text string `json:"text"`
	}
	sdk.AddTool(s, &sdk.Tool{Name: "echo"}, func(ctx context.Context, r *sdk.CallToolRequest, a args) (*sdk.CallToolResult, any, error) {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: a.Text}}}, nil, nil
	})
	return sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return s }, options)
}

func TestServersOfTheSDKs(t *testing.T) {
	tests := []struct {
		name   string
		server http.Handler
		era    rpc.Revision
	}{
		{"mcp-go", mcpGo(), rpc.Stateless},
		{"mcp-go, legacy", mcpGo(server.WithStreamableHTTPProtocolVersions(mcp.LegacyProtocolVersions()...), server.WithStateful(true)), rpc.Stateful},
		{"go-sdk, stateless", goSDK(&sdk.StreamableHTTPOptions{Stateless: true}), rpc.Stateless},
		{"go-sdk, stateful", goSDK(nil), rpc.Stateful},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, loopback(t, tt.server))
			if c.Revision() != tt.era {
				t.Fatalf("era %s", c.Revision())
			}
			items, err := c.List(t.Context(), "tools/list", "tools")
			if err != nil || len(items) != 1 {
				t.Fatalf("%d tools, %v", len(items), err)
			}
			for _, from := range []rpc.Revision{rpc.Stateful, rpc.Stateless} {
				callTheEcho(t, c, from)
			}
			missing := do(t, c, clientCall(rpc.Stateful, `"name":"missing"`))
			if missing.Error == nil {
				t.Errorf("a missing tool answered %s", missing.Result)
			}
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// clientCall is tools/call as a client of that revision sends it.
func clientCall(from rpc.Revision, members string) upstream.Call {
	if from == rpc.Stateless {
		members += `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}}`
	}
	return upstream.Call{Method: "tools/call", From: from, Params: json.RawMessage(`{` + members + `}`)}
}

func callTheEcho(t *testing.T, c *upstream.Conn, from rpc.Revision) {
	t.Helper()
	answer := do(t, c, clientCall(from, `"name":"echo","arguments":{"text":"badgers"}`))
	o, err := rpc.ParseObject(answer.Result)
	if err != nil {
		t.Fatalf("%s, %s: %v", answer.Result, answer.Error, err)
	}
	kind, _ := o.GetString("resultType")
	if (kind == "complete") != (from == rpc.Stateless) || !strings.Contains(string(answer.Result), `"text":"badgers"`) {
		t.Errorf("to %s: %s", from, answer.Result)
	}
}

// TestProgressOfMCPGoIsNeverMixedUp: mcp-go may lose the last notification of
// a call and sends others on another call's stream. What arrives must be the
// call's own.
func TestProgressOfMCPGoIsNeverMixedUp(t *testing.T) {
	c := open(t, loopback(t, mcpGo(server.WithStreamableHTTPProtocolVersions(mcp.LegacyProtocolVersions()...))))
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			text := fmt.Sprintf("text-%d-", i)
			params := fmt.Sprintf(`{"name":"echo","arguments":{"text":"%s"},"_meta":{"progressToken":1}}`, text)
			answer, err := c.Do(t.Context(), call(c, params), func(raw []byte) error {
				if !strings.Contains(string(raw), text) || !strings.Contains(string(raw), `"progressToken":1`) {
					t.Errorf("%s got %s", text, raw)
				}
				return nil
			})
			if err != nil || !strings.Contains(string(answer.Result), text) {
				t.Errorf("%s: %s, %v", text, answer.Result, err)
			}
		})
	}
	all.Wait()
}
