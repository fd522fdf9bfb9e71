package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

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

// Tools are the tools the server has, in the order they were given.
func (s *Server) Tools() []Tool {
	s.toolsMu.Lock()
	defer s.toolsMu.Unlock()
	return slices.Clone(s.tools)
}

// RenameTool gives a tool another name; its place and all else stay. Open
// streams hear of it as with SetTools. The error is ErrConfig, and then nothing
// has changed: there is no such tool, or the new name is empty or taken.
func (s *Server) RenameTool(old, to string) error {
	s.toolsMu.Lock()
	defer s.toolsMu.Unlock()
	named := func(name string) int {
		return slices.IndexFunc(s.tools, func(t Tool) bool { return t.Name == name })
	}
	i := named(old)
	if i < 0 {
		return fmt.Errorf("%w: there is no tool %q", ErrConfig, old)
	}
	if named(to) >= 0 {
		return fmt.Errorf("%w: tool name %q is taken", ErrConfig, to)
	}
	renamed := slices.Clone(s.tools)
	renamed[i].Name = to
	return s.setTools(renamed)
}

// SetTools replaces the tools. Open streams hear notifications/tools/list_changed:
// the GET streams of 2025-11-25 and the subscriptions/listen streams of
// 2026-07-28. The error is ErrConfig, and then nothing has changed.
func (s *Server) SetTools(tools []Tool) error {
	s.toolsMu.Lock()
	defer s.toolsMu.Unlock()
	return s.setTools(tools)
}

// setTools replaces the tools. The caller holds the lock.
func (s *Server) setTools(tools []Tool) error {
	offered, err := offerAll(tools)
	if err != nil {
		return err
	}
	s.tools = slices.Clone(tools)
	s.sdk.SetTools(offered...)
	s.sessions.tell([]byte(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`))
	return nil
}

// offerAll makes the SDK's tools of ours. The error is ErrConfig.
func offerAll(tools []Tool) ([]server.ServerTool, error) {
	offered := make([]server.ServerTool, 0, len(tools))
	seen := map[string]bool{}
	for _, t := range tools {
		if t.Name == "" || seen[t.Name] {
			return nil, fmt.Errorf("%w: tool name %q is empty or taken", ErrConfig, t.Name)
		}
		seen[t.Name] = true
		o, err := offer(t)
		if err != nil {
			return nil, fmt.Errorf("%w: tool %q: %w", ErrConfig, t.Name, err)
		}
		offered = append(offered, o)
	}
	return offered, nil
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
