package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
)

// The headers of the Streamable HTTP transport.
const (
	headerSession  = "Mcp-Session-Id"
	headerRevision = "Mcp-Protocol-Version"
	headerMethod   = "Mcp-Method"
	headerName     = "Mcp-Name"
	headerParam    = "Mcp-Param-"
)

// Session is a connection of a client: a protocol session in Stateful, nothing
// but what the client remembers in Stateless.
type Session struct {
	client    *Client
	stateless bool
	ids       atomic.Int64

	mu       sync.Mutex
	id       string              // Mcp-Session-Id; empty: none was given
	greeting json.RawMessage     // result of initialize or server/discover
	mirrored map[string][]mirror // by tool, of the last tools/list
	ended    bool
}

// Answer is what a request came to.
type Answer struct {
	HTTPStatus    int
	Header        http.Header
	RequestID     json.RawMessage   // as it was sent
	Raw           json.RawMessage   // the result as it came; nil: there was an error
	Error         *RPCError         // nil: there was a result
	Notifications []json.RawMessage // that came ahead of the answer, whole
}

func newSession(c *Client) *Session {
	return &Session{client: c, stateless: c.config.Revision >= Stateless}
}

func (s *Session) open(ctx context.Context) error {
	if s.stateless {
		return s.discover(ctx)
	}
	return s.initialize(ctx)
}

// Revision is the protocol revision that is spoken.
func (s *Session) Revision() string { return s.client.config.Revision }

// ID is the session id the server gave; empty: it gave none.
func (s *Session) ID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id
}

// Greeting is the result of initialize or of server/discover, as it came.
func (s *Session) Greeting() json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.greeting
}

// Capabilities are those the server declared, raw, by name.
func (s *Session) Capabilities() map[string]json.RawMessage {
	var greeting struct {
		Capabilities map[string]json.RawMessage `json:"capabilities"`
	}
	if json.Unmarshal(s.Greeting(), &greeting) != nil {
		return nil
	}
	return greeting.Capabilities
}

// Send sends a request and waits for its response. params are what encoding/json
// makes an object of; nil: none. In Stateless the _meta that every request
// needs is added, and what params has of it stays.
//
// A JSON-RPC error is in the answer and is the error too, as *RPCError; other
// errors are *HTTPError, *ViolationError, or what the connection failed with.
func (s *Session) Send(ctx context.Context, method string, params any) (Answer, error) {
	raw, err := rawObject(params)
	if err != nil {
		return Answer{}, fmt.Errorf("encode the params of %s: %w", method, err)
	}
	a, err := s.request(ctx, &awaited{method: method, params: raw})
	if err != nil {
		return a, fmt.Errorf("%s: %w", method, err)
	}
	return a, nil
}

// Notify sends a notification, which is to be accepted with 202 and no body.
func (s *Session) Notify(ctx context.Context, method string, params any) error {
	raw, err := rawObject(params)
	if err == nil && s.stateless {
		raw, err = s.stamp(raw)
	}
	if err != nil {
		return fmt.Errorf("encode the params of %s: %w", method, err)
	}
	body, err := encode(nil, method, raw)
	if err != nil {
		return fmt.Errorf("encode %s: %w", method, err)
	}
	if err := s.post(ctx, method, raw, body); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// post sends what gets no response.
func (s *Session) post(ctx context.Context, method string, params json.RawMessage, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.client.config.Timeout)
	defer cancel()
	res, err := s.client.deliver(ctx, outgoing{http.MethodPost, s.header(method, params), body})
	if err != nil {
		return err
	}
	answer, err := readRefusal(res)
	switch {
	case err != nil:
		return err
	case answer.Status >= 300:
		return answer
	case answer.Status != http.StatusAccepted || len(answer.Body) > 0:
		return violation("an accepted notification is answered 202 Accepted with no body", s.source("Transports"),
			"it is answered %d with %d bytes", answer.Status, len(answer.Body))
	}
	return s.checkHeader(res.Header)
}

// Post sends a body as it is, with the credential and the headers of the
// session, and hands back what comes as it is: nothing is checked, renewed or
// tried again. Each header of edit replaces the session's; one without values
// removes it.
func (s *Session) Post(ctx context.Context, body []byte, edit http.Header) (status int, header http.Header, answer []byte, err error) {
	var named struct {
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	_ = json.Unmarshal(body, &named) // a body that cannot be read has no name to mirror
	h := s.header(named.Method, named.Params)
	s.client.authorize(h)
	for name, values := range edit {
		name = http.CanonicalHeaderKey(name)
		h[name] = values
		if len(values) == 0 {
			delete(h, name)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.client.config.Timeout)
	defer cancel()
	res, err := s.client.do(ctx, outgoing{http.MethodPost, h, body})
	if err != nil {
		return 0, nil, nil, fmt.Errorf("post to %s: %w", s.client.config.Endpoint, err)
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("read an answer of %s: %w", s.client.config.Endpoint, err)
	}
	return res.StatusCode, res.Header, answer, nil
}

// Compose writes a request of this session for Post: members are those of
// params, as they are to stand there; what the revision needs besides is added.
func (s *Session) Compose(method, members string) []byte {
	if s.stateless {
		meta, err := marshal(s.meta())
		if err != nil { // Capabilities are no JSON
			meta = []byte("null")
		}
		if members != "" {
			members += ","
		}
		members += `"_meta":` + string(meta)
	}
	return []byte(`{"jsonrpc":"2.0","id":` + string(s.nextID()) + `,"method":` + strconv.Quote(method) + `,"params":{` + members + `}}`)
}

// Close ends the session. In Stateless there is none, and nothing is sent.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	idle := s.ended || s.id == ""
	s.ended = true
	s.mu.Unlock()
	if idle {
		return nil
	}
	if err := s.terminate(ctx); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return nil
}

// nextID is a request id that no other request of the session has.
func (s *Session) nextID() json.RawMessage {
	return strconv.AppendInt(nil, s.ids.Add(1), 10)
}

// header is the head of a POST, without the credential.
func (s *Session) header(method string, params json.RawMessage) http.Header {
	h := http.Header{
		"Content-Type": {"application/json"},
		"Accept":       {"application/json, text/event-stream"},
	}
	if s.stateless {
		s.mirror(h, method, params)
	} else {
		s.identify(h, method)
	}
	return h
}

// checkHeader checks what a response says in its head.
func (s *Session) checkHeader(h http.Header) error {
	if id := h.Get(headerSession); s.stateless && id != "" {
		return violation("servers do not mint or echo session ids", s.source("Transports, \"Earlier Streamable HTTP Revisions\""),
			"%s is %q", headerSession, id)
	}
	return nil
}

// source names a section of the specification in the session's revision.
func (s *Session) source(section string) string {
	if s.stateless {
		return "MCP " + Stateless + " " + section
	}
	return "MCP " + Stateful + " " + section
}

// rawObject is params as a JSON object; nil if there are none.
func rawObject(params any) (json.RawMessage, error) {
	raw, err := marshal(params)
	if err != nil || string(raw) == "null" {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	return raw, nil
}
