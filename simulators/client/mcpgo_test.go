package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/portico-mcp/portico/simulators/client"
)

// The SDK that most servers are made with keeps to every rule of the client.
func TestAServerOfMCPGo(t *testing.T) {
	for _, revision := range []string{client.Stateful, client.Stateless} {
		t.Run(revision, func(t *testing.T) {
			sdk := server.NewMCPServer("sdk", "1", server.WithToolCapabilities(true), server.WithPromptCapabilities(true))
			sdk.AddTool(mcp.NewTool("greet", mcp.WithString("name", mcp.Required())), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return mcp.NewToolResultText("hello " + r.GetString("name", "")), nil
			})
			sdk.AddPrompt(mcp.NewPrompt("summary"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("summarise"))}), nil
			})
			s := mustConnect(t, server.NewStreamableHTTPServer(sdk), revision)
			if revision == client.Stateful {
				if err := s.Ping(t.Context()); err != nil || s.ID() == "" {
					t.Errorf("session %q, ping: %v", s.ID(), err)
				}
			}
			tools, err := s.ListTools(t.Context())
			if err != nil || len(tools) != 1 || tools[0].Name != "greet" {
				t.Fatalf("tools %v, %v", tools, err)
			}
			result, err := s.Call(t.Context(), "greet", map[string]any{"name": "alice"}, client.WithProgress())
			if err != nil || result.Text() != "hello alice" || result.IsError {
				t.Fatalf("got %+v, %v", result, err)
			}
			var typed mcp.CallToolResult
			if err := json.Unmarshal(result.Raw, &typed); err != nil || len(typed.Content) != 1 {
				t.Errorf("the raw result decodes to %+v, %v", typed, err)
			}
			prompts, err := s.ListPrompts(t.Context())
			if err != nil || len(prompts) != 1 {
				t.Errorf("prompts %v, %v", prompts, err)
			}
			if _, err := s.GetPrompt(t.Context(), "summary", nil); err != nil {
				t.Error(err)
			}
			_, err = s.Send(t.Context(), "tools/imagine", nil)
			var refused *client.RPCError
			if !errors.As(err, &refused) || refused.Code != mcp.METHOD_NOT_FOUND {
				t.Errorf("an unknown method: %v", err)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
