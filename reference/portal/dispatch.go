package portal

import (
	"context"

	"github.com/portico-mcp/portico/reference/portal/catalog"
	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// dispatch calls the function of a method.
func (p *Portal) dispatch(ctx context.Context, q *request) (result, error) {
	if !rpc.Exists(q.Method, q.rev) {
		return nil, rpc.MethodNotFound(q.Method)
	}
	switch q.Method {
	case "initialize":
		return p.initialize(ctx, q)
	case "server/discover":
		return p.discover(q)
	case "ping":
		return text("{}"), nil
	case "tools/list":
		return p.list(q, catalog.Tools)
	case "prompts/list":
		return p.list(q, catalog.Prompts)
	case "tools/call":
		return p.relay(ctx, q, catalog.Tools)
	case "prompts/get":
		return p.relay(ctx, q, catalog.Prompts)
	case "resources/list":
		return p.emptyList(q, "resources")
	case "resources/templates/list":
		return p.emptyList(q, "resourceTemplates")
	}
	return nil, rpc.MethodNotFound(q.Method)
}
