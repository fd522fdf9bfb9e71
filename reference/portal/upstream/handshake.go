package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// connect makes a link in the era that is pinned, remembered or found out.
func (s *Server) connect(ctx context.Context, w wire, c rpc.Caller) (*link, error) {
	if s.config.Revision == rpc.Stateless {
		return &link{revision: rpc.Stateless}, nil
	}
	if s.config.Revision != "" {
		return s.initialize(ctx, w, c, s.config.Revision)
	}
	switch known := s.recall(); known.revision {
	case "":
	case rpc.Stateless:
		return &link{revision: rpc.Stateless, greeting: known.greeting}, nil
	default:
		l, err := s.initialize(ctx, w, c, known.revision)
		if !contradicted(err) {
			return l, err
		}
		s.forget()
	}
	return s.detect(ctx, w, c)
}

// contradicted reports whether a handshake failed in a way that the wrong era
// would explain: the server answered, and not about credentials or load.
func contradicted(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		return speaksOfRequest(status.Status)
	}
	var refused *rpc.Error
	return errors.As(err, &refused)
}

// detect finds the era out: it asks the stateless way first, and tries
// initialize on every answer that a server of that era would not give
// (MCP 2026-07-28, Versioning).
func (s *Server) detect(ctx context.Context, w wire, c rpc.Caller) (*link, error) {
	revision, g, err := s.discover(ctx, w, c)
	if err != nil {
		return nil, err
	}
	if revision == rpc.Stateless {
		s.remember(memory{rpc.Stateless, g})
		return &link{revision: rpc.Stateless, greeting: g}, nil
	}
	l, err := s.initialize(ctx, w, c, revision)
	if err != nil {
		return nil, err
	}
	s.remember(memory{revision: l.revision})
	return l, nil
}

// initialize opens a session (MCP 2025-11-25, Lifecycle, "Initialization").
func (s *Server) initialize(ctx context.Context, w wire, c rpc.Caller, ask rpc.Revision) (*link, error) {
	c = c.Bridgeable()
	params := json.RawMessage(`{"protocolVersion":"` + string(ask) + `","capabilities":` + string(c.Capabilities) +
		`,"clientInfo":` + string(c.ClientInfo) + `}`)
	e := &exchange{wire: w, link: &link{probe: true}, method: "initialize", id: s.nextID()}
	m, err := e.run(ctx, params)
	if err != nil {
		return nil, err
	}
	if m.Error != nil {
		return nil, rpc.DecodeError(m.Error)
	}
	l, err := agreed(m.Result, e.header)
	if err != nil {
		return nil, err
	}
	return l, s.initialized(ctx, w, l)
}

// agreed reads the link from an initialize result and its headers.
func agreed(result json.RawMessage, h http.Header) (*link, error) {
	g, o, err := greet(result)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	version, _ := o.GetString("protocolVersion")
	if era, ok := rpc.Era(version); !ok || era != rpc.Stateful {
		return nil, ErrRevision
	}
	session := h.Get(headerSession)
	for i := range len(session) {
		if session[i] < '!' || session[i] > '~' { // MCP 2025-11-25, Transports, "Session Management"
			return nil, fmt.Errorf("%w: session id is not visible ASCII", ErrMalformed)
		}
	}
	return &link{revision: rpc.Revision(version), session: session, greeting: g}, nil
}

func (s *Server) initialized(ctx context.Context, w wire, l *link) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	const method = "notifications/initialized"
	return w.tell(ctx, l, method, rpc.Request(nil, method, nil))
}
