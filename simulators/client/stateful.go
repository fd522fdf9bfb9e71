package client

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// implementation is how the client introduces itself (MCP Schema,
// Implementation).
type implementation struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

func (s *Session) implementation() implementation {
	return implementation{Name: s.client.config.Name, Version: "1"}
}

// initialize is the handshake of MCP 2025-11-25 Lifecycle.
func (s *Session) initialize(ctx context.Context) error {
	a, err := s.Send(ctx, "initialize", map[string]any{
		"protocolVersion": s.Revision(), "capabilities": s.client.config.Capabilities, "clientInfo": s.implementation(),
	})
	if err != nil {
		return err
	}
	var result struct {
		Revision string `json:"protocolVersion"`
	}
	if json.Unmarshal(a.Raw, &result) != nil || result.Revision != s.Revision() {
		return violation("the server answers with the version that was asked for if it supports it",
			"MCP 2025-11-25 Lifecycle, \"Version Negotiation\"", "asked for %s it answers %q", s.Revision(), result.Revision)
	}
	id := a.Header.Get(headerSession)
	if strings.ContainsFunc(id, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
		return violation("a session id has visible ASCII characters only", "MCP 2025-11-25 Transports, \"Session Management\"", "it is %q", id)
	}
	s.mu.Lock()
	s.id, s.greeting = id, a.Raw
	s.mu.Unlock()
	return s.Notify(ctx, "notifications/initialized", nil)
}

// identify puts session and revision on a request; initialize, which settles
// them, has neither (MCP 2025-11-25 Transports).
func (s *Session) identify(h http.Header, method string) {
	if method == "initialize" {
		return
	}
	if s.Revision() >= "2025-06-18" { // where the header begins
		h.Set(headerRevision, s.Revision())
	}
	if id := s.ID(); id != "" {
		h.Set(headerSession, id)
	}
}

// terminate ends the session. A server need not allow it (405), and may have
// ended it itself (404).
func (s *Session) terminate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.client.config.Timeout)
	defer cancel()
	h := http.Header{}
	s.identify(h, "")
	res, err := s.client.deliver(ctx, outgoing{verb: http.MethodDelete, header: h})
	if err != nil {
		return err
	}
	answer, err := readRefusal(res)
	switch {
	case err != nil:
		return err
	case answer.Status < 300, answer.Status == http.StatusMethodNotAllowed, answer.Status == http.StatusNotFound:
		return nil
	default:
		return answer
	}
}

// farewell bounds how long the client tries to say that it gave up.
const farewell = 5 * time.Second

// abandon tells the server that nobody waits any more, which a closed stream
// does not say (MCP 2025-11-25 Cancellation). initialize is not cancelled.
func (s *Session) abandon(ctx context.Context, a *awaited) {
	if a.method == "initialize" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	_ = s.Notify(ctx, "notifications/cancelled", map[string]any{ // the caller has its error already
		"requestId": a.id, "reason": "the client gave up",
	})
}

// asked answers a request of the server: ping always; nothing else, since that
// would need a capability, and none can be used that was not declared.
func (s *Session) asked(ctx context.Context, m message) error {
	if s.stateless {
		return violation("servers send no requests on a stream", s.source("Transports"), "one sends %s", m.method)
	}
	if m.method == "ping" {
		return s.reply(ctx, m, struct{}{}, nil)
	}
	feature, _, _ := strings.Cut(m.method, "/")
	var declared map[string]json.RawMessage
	_ = json.Unmarshal(s.client.config.Capabilities, &declared) // what is no object declares nothing
	if _, ok := declared[feature]; !ok {
		return violation("only capabilities that were negotiated are used", s.source("Lifecycle, \"Operation\""), "the server sends %s", m.method)
	}
	return s.reply(ctx, m, nil, map[string]any{"code": -32601, "message": "nobody is there to answer"})
}

func (s *Session) reply(ctx context.Context, m message, result, fault any) error {
	body, err := encodeReply(m.id, result, fault)
	if err != nil {
		return err
	}
	return s.post(ctx, "", nil, body)
}
