package portal

import (
	"context"
	"encoding/json"

	"github.com/portico-mcp/portico/reference/portal/catalog"
	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// relay answers tools/call and prompts/get: it sends the request on to the one
// server that owns the name, under the server's own name, and brings back what
// the server says. Nothing else of params changes.
func (p *Portal) relay(ctx context.Context, q *request, k catalog.Kind) (result, error) {
	s, own, err := p.resolve(q, k)
	if err != nil {
		return nil, err
	}
	q.server, q.name = s.ID, own
	ctx, done := q.lifetime(ctx)
	defer done()
	answer, err := p.forward(ctx, q, s, q.Rename(own))
	switch {
	case err != nil:
		return p.explain(ctx, q, s, err)
	case answer.Error != nil:
		return nil, relayedError(answer.Error)
	}
	return result{answer.Result}, nil
}

// resolve finds the server that a name belongs to. What the caller may not see
// is as unknown as what does not exist, and no server hears of either.
func (p *Portal) resolve(q *request, k catalog.Kind) (s *server, own string, err error) {
	name, ok := q.Name()
	if !ok {
		return nil, "", rpc.InvalidParams("params has no name")
	}
	e, ok := p.catalogue.Load().Resolve(k, q.rev, catalog.Name(name))
	if !ok || !p.byID[e.Server].visibleTo(q.who) {
		return nil, "", rpc.InvalidParams("unknown name; " + k.String() + "/list has the names there are")
	}
	return p.byID[e.Server], e.Name, nil
}

// forward does the call with the right credential, over the caller's own
// conversation with the server, the way that is decided when the call begins.
func (p *Portal) forward(ctx context.Context, q *request, s *server, params json.RawMessage) (answer upstream.Answer, err error) {
	call := upstream.Call{ID: q.ID, Method: q.Method, Params: params, From: q.rev, Caller: q.client}
	owner, way := s.owner(q.who), p.way(s)
	err = withToken(ctx, p.credentials, s, owner, func(ctx context.Context) error {
		conn, err := q.state.Conversation(ctx, way.name, func(ctx context.Context) (*upstream.Conn, error) {
			return way.calls.Open(ctx, carrier(p.credentials, s, owner), q.state.Caller)
		})
		if err != nil {
			return err
		}
		answer, err = conn.Do(ctx, call, q.notify)
		return err
	})
	return answer, err
}

// notify passes on a notification that a server sent along with its answer. In
// the stateful era a client that has gone has cancelled nothing, so the call
// goes on without it.
func (q *request) notify(raw []byte) error {
	if m, err := rpc.Parse(raw); err != nil || !concernsRequest(m.Method) {
		return nil
	}
	err := q.answer.notify(raw)
	if q.rev != rpc.Stateless {
		return nil
	}
	return err
}

// concernsRequest reports whether a notification belongs to the request it
// came with. The others tell of the server as a whole, whose sessions,
// resources and lists are not the client's, or are log messages, which the
// portal does not advertise (MCP 2026-07-28, Transports, "Sending Messages").
func concernsRequest(method string) bool {
	switch method {
	case "notifications/message", "notifications/cancelled", "notifications/initialized", "notifications/elicitation/complete",
		"notifications/tools/list_changed", "notifications/prompts/list_changed",
		"notifications/resources/list_changed", "notifications/resources/updated":
		return false
	}
	return true
}
