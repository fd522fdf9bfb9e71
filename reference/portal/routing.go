package portal

import (
	"context"
	"errors"

	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// ErrNoGateway says that calls cannot be routed through a gateway that the
// portal does not have.
var ErrNoGateway = errors.New("there is no gateway to route through")

// RouteAll switches whether every server's calls go through the gateway, or
// only those of servers with Gateway set. A call that begins after RouteAll
// returned takes the new way; one that is under way ends on its own.
// Synchronization is always direct. The error is [ErrNoGateway].
func (p *Portal) RouteAll(on bool) error {
	if on && !p.hasGateway {
		return ErrNoGateway
	}
	p.routeAll.Store(on)
	return nil
}

// Routed says whether every server's calls go through the gateway.
func (p *Portal) Routed() bool { return p.routeAll.Load() }

// way is how the calls of one server travel. A conversation belongs to one way,
// so that none that was opened directly carries what must be inspected.
type way struct {
	calls *upstream.Server
	name  string // of conversations
}

// way is the one that a call to a server takes if it begins now. A call asks
// once, and then uses nothing else, also when it is tried again.
func (p *Portal) way(s *server) way {
	if s.Gateway || p.routeAll.Load() {
		return s.inspected
	}
	return s.direct
}

// dropConversations closes a person's or service's conversations with a server,
// whichever way they go.
func (p *Portal) dropConversations(ctx context.Context, who string, s *server) {
	for _, w := range []way{s.direct, s.inspected} {
		p.sessions.Drop(ctx, who, w.name)
	}
}
