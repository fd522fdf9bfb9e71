package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Tool is a tool as it was listed.
type Tool struct {
	Name string
	Raw  json.RawMessage
}

// Prompt is a prompt as it was listed.
type Prompt struct {
	Name string
	Raw  json.RawMessage
}

// Result is the result of a tool (MCP Tools, CallToolResult).
type Result struct {
	Content    []json.RawMessage
	IsError    bool              // the tool says it failed
	Structured json.RawMessage   // structuredContent; nil: none
	Type       string            // resultType; empty in Stateful
	Raw        json.RawMessage   // the whole result, as it came
	Progress   []json.RawMessage // progress notifications, whole, in order
	Answer     Answer
}

// Text is the text contents, joined by newlines.
func (r *Result) Text() string {
	var texts []string
	for _, raw := range r.Content {
		var content struct{ Type, Text string }
		if json.Unmarshal(raw, &content) == nil && content.Type == "text" {
			texts = append(texts, content.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// CallOption changes how a tool is called.
type CallOption func(*awaited)

// WithProgress asks for progress, under a token of this call alone.
func WithProgress() CallOption {
	return func(a *awaited) { a.follow = true }
}

// ListTools lists the tools to the last page. A tool whose x-mcp-header is
// invalid is left out, as MCP 2026-07-28 Transports tells clients to; Send shows
// it.
func (s *Session) ListTools(ctx context.Context) ([]Tool, error) {
	raws, err := s.list(ctx, "tools/list", "tools")
	if err != nil {
		return nil, err
	}
	var tools []Tool
	mirrored := map[string][]mirror{}
	for _, raw := range raws {
		var t struct {
			Name   string          `json:"name"`
			Schema json.RawMessage `json:"inputSchema"`
		}
		if json.Unmarshal(raw, &t) != nil || t.Name == "" {
			return nil, violation("a tool has a name", s.source("Tools"), "one is %s", excerpt(string(raw)))
		}
		if s.stateless {
			mirrors, invalid := mirrorsOf(t.Schema)
			if invalid != nil {
				continue
			}
			mirrored[t.Name] = mirrors
		}
		tools = append(tools, Tool{Name: t.Name, Raw: raw})
	}
	s.mu.Lock()
	s.mirrored = mirrored
	s.mu.Unlock()
	return tools, nil
}

// ListPrompts lists the prompts to the last page.
func (s *Session) ListPrompts(ctx context.Context) ([]Prompt, error) {
	raws, err := s.list(ctx, "prompts/list", "prompts")
	if err != nil {
		return nil, err
	}
	var prompts []Prompt
	for _, raw := range raws {
		var p struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(raw, &p) != nil || p.Name == "" {
			return nil, violation("a prompt has a name", s.source("Prompts"), "one is %s", excerpt(string(raw)))
		}
		prompts = append(prompts, Prompt{Name: p.Name, Raw: raw})
	}
	return prompts, nil
}

// maxPages bounds how long a list is followed.
const maxPages = 1000

var errEndless = errors.New("the list has no end")

// list follows the cursors of a list. Only a missing cursor is the end: "" is a
// cursor like any other (MCP Pagination).
func (s *Session) list(ctx context.Context, method, member string) ([]json.RawMessage, error) {
	var all []json.RawMessage
	params := map[string]any{}
	for range maxPages {
		a, err := s.Send(ctx, method, params)
		if err != nil {
			return nil, err
		}
		var page map[string]json.RawMessage
		var items []json.RawMessage
		var cursor *string
		_ = json.Unmarshal(a.Raw, &page) // it is an object: that was checked
		if err := json.Unmarshal(page[member], &items); err != nil || items == nil {
			return nil, violation(member+" is an array", s.source("Schema"), "it is %s", excerpt(string(page[member])))
		}
		if raw, has := page["nextCursor"]; has && json.Unmarshal(raw, &cursor) != nil {
			return nil, violation("nextCursor is a string", s.source("Pagination"), "it is %s", raw)
		}
		all = append(all, items...)
		if cursor == nil {
			return all, nil
		}
		params["cursor"] = *cursor
	}
	return nil, fmt.Errorf("%s: %w", method, errEndless)
}

// headerMismatch is the error code of MCP 2026-07-28 Transports, "Server
// Validation".
const headerMismatch = -32020

// Call calls a tool with arguments that encoding/json makes an object of; nil:
// none. If the server misses a header that the tool's schema asks for, the
// tools are listed and the call is made once more (MCP 2026-07-28 Transports,
// "Client Behavior").
func (s *Session) Call(ctx context.Context, name string, args any, options ...CallOption) (*Result, error) {
	result, err := s.call(ctx, name, args, options)
	var refused *RPCError
	if s.stateless && errors.As(err, &refused) && refused.Code == headerMismatch {
		if _, err := s.ListTools(ctx); err != nil {
			return nil, err
		}
		result, err = s.call(ctx, name, args, options)
	}
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", name, err)
	}
	return result, nil
}

func (s *Session) call(ctx context.Context, name string, args any, options []CallOption) (*Result, error) {
	a := &awaited{method: "tools/call", id: s.nextID()}
	for _, option := range options {
		option(a)
	}
	params := map[string]any{"name": name}
	arguments, err := rawObject(args)
	if err != nil {
		return nil, fmt.Errorf("encode the arguments: %w", err)
	}
	if arguments != nil {
		params["arguments"] = arguments
	}
	if a.follow {
		a.token = json.RawMessage(`"progress-` + string(a.id) + `"`)
		params["_meta"] = map[string]any{"progressToken": a.token}
	}
	if a.params, err = rawObject(params); err != nil {
		return nil, err
	}
	answer, err := s.request(ctx, a)
	if err != nil {
		return nil, err
	}
	return s.result(answer, a.progress)
}

// result decodes the result of a tool. One that asks for input has no content
// yet.
func (s *Session) result(answer Answer, progress []json.RawMessage) (*Result, error) {
	var members struct {
		Content    []json.RawMessage `json:"content"`
		IsError    bool              `json:"isError"`
		Structured json.RawMessage   `json:"structuredContent"`
		Type       string            `json:"resultType"`
	}
	if err := json.Unmarshal(answer.Raw, &members); err != nil {
		return nil, violation("a tool's result is a CallToolResult", s.source("Schema"), "%v", err)
	}
	if members.Content == nil && members.Type != "input_required" {
		return nil, violation("a tool's result has content", s.source("Schema"), "it is %s", excerpt(string(answer.Raw)))
	}
	return &Result{
		Content: members.Content, IsError: members.IsError, Structured: members.Structured, Type: members.Type,
		Raw: answer.Raw, Progress: progress, Answer: answer,
	}, nil
}

// GetPrompt gets a prompt and returns its result, as it came.
func (s *Session) GetPrompt(ctx context.Context, name string, args map[string]string) (json.RawMessage, error) {
	params := map[string]any{"name": name}
	if args != nil {
		params["arguments"] = args
	}
	a, err := s.Send(ctx, "prompts/get", params)
	return a.Raw, err
}

// Ping asks whether the server is there. Stateless has no ping.
func (s *Session) Ping(ctx context.Context) error {
	_, err := s.Send(ctx, "ping", nil)
	return err
}
