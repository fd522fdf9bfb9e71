package upstream

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Prompt is a prompt template.
type Prompt struct {
	Name, Description string
	Arguments         []string // all required
	Text              string   // with {argument} in it
}

func (s *Server) setPrompts(prompts []Prompt) error {
	if len(prompts) == 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, p := range prompts {
		if p.Name == "" || seen[p.Name] {
			return fmt.Errorf("%w: prompt name %q is empty or taken", ErrConfig, p.Name)
		}
		seen[p.Name] = true
		definition := mcp.Prompt{Name: p.Name, Description: p.Description}
		for _, a := range p.Arguments {
			definition.Arguments = append(definition.Arguments, mcp.PromptArgument{Name: a, Required: true})
		}
		s.sdk.AddPrompts(server.ServerPrompt{Prompt: definition, Handler: p.get})
	}
	return nil
}

func (p Prompt) get(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	for _, name := range p.Arguments {
		if _, given := request.Params.Arguments[name]; !given {
			return nil, callOf(ctx).refuse(mcp.INVALID_PARAMS, "argument "+name+" is missing", nil)
		}
	}
	text := mcp.NewTextContent(fill(p.Text, request.Params.Arguments))
	return mcp.NewGetPromptResult(p.Description, []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, text)}), nil
}
