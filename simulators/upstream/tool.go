package upstream

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Tool is a tool and what it does when it is called.
type Tool struct {
	Name, Title, Description string
	InputSchema              json.RawMessage // nil: {"type":"object"}; calls are validated against it
	Does                     Behaviour
	Answer                   string // for DoesAnswer: a sentence with {argument} in it; empty: "an answer about {query}"
}

// SetTools replaces the tools. Open streams hear notifications/tools/list_changed:
// the GET streams of 2025-11-25 and the subscriptions/listen streams of
// 2026-07-28. The error is ErrConfig, and then nothing has changed.
func (s *Server) SetTools(tools []Tool) error {
	offered := make([]server.ServerTool, 0, len(tools))
	seen := map[string]bool{}
	for _, t := range tools {
		if t.Name == "" || seen[t.Name] {
			return fmt.Errorf("%w: tool name %q is empty or taken", ErrConfig, t.Name)
		}
		seen[t.Name] = true
		o, err := offer(t)
		if err != nil {
			return fmt.Errorf("%w: tool %q: %w", ErrConfig, t.Name, err)
		}
		offered = append(offered, o)
	}
	s.sdk.SetTools(offered...)
	s.sessions.tell([]byte(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`))
	return nil
}

func offer(t Tool) (server.ServerTool, error) {
	does, err := t.Does.act()
	if err != nil {
		return server.ServerTool{}, err
	}
	schema := t.InputSchema
	if schema == nil {
		schema = json.RawMessage(`{"type":"object"}`)
	}
	if !json.Valid(schema) {
		return server.ServerTool{}, fmt.Errorf("its input schema is not JSON")
	}
	definition := mcp.Tool{Name: t.Name, Title: t.Title, Description: t.Description, RawInputSchema: schema}
	if err := mcp.ValidateParamHeaderAnnotations(&definition); err != nil {
		return server.ServerTool{}, err // the SDK would panic
	}
	handler := func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		c := callOf(ctx)
		if c == nil {
			return nil, fmt.Errorf("tool %s was called past its server", t.Name)
		}
		return does(ctx, c, invocation{tool: t, raw: request.Params.RawArguments})
	}
	return server.ServerTool{Tool: definition, Handler: handler}, nil
}
