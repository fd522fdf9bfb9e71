package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// Conn is one caller's connection to a server, with one credential. It may be
// used by many goroutines.
type Conn struct {
	server *Server
	wire   wire
	caller rpc.Caller

	mu      sync.Mutex // never held during network I/O
	link    *link      // nil: to be opened
	last    *link      // the latest there was, for what it tells about the server
	opening *opening   // nil: nobody is at it
	closed  bool
}

// opening is a handshake that several requests wait for.
type opening struct {
	done      chan struct{}
	link      *link
	err       error
	abandoned bool // it failed because its own caller's context ended
}

// current is the link to use, opened if need be. Of several callers one does
// the handshake; should that one's context end, another takes over.
func (c *Conn) current(ctx context.Context) (*link, error) {
	for {
		c.mu.Lock()
		l, o, closed := c.link, c.opening, c.closed
		mine := !closed && l == nil && o == nil
		if mine {
			o = &opening{done: make(chan struct{})}
			c.opening = o
		}
		c.mu.Unlock()
		switch {
		case closed:
			return nil, ErrClosed
		case l != nil:
			return l, nil
		case mine:
			c.open(ctx, o)
			return o.link, o.err
		}
		select {
		case <-o.done:
			if o.err != nil && !o.abandoned {
				return nil, o.err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (c *Conn) open(ctx context.Context, o *opening) {
	o.link, o.err = c.server.connect(ctx, c.wire, c.caller)
	o.abandoned = o.err != nil && ctx.Err() != nil
	c.mu.Lock()
	late := c.closed
	if o.err == nil && !late {
		c.link, c.last = o.link, o.link
	}
	c.opening = nil
	c.mu.Unlock()
	if late && o.err == nil {
		_ = c.end(ctx, o.link)
		o.link, o.err = nil, ErrClosed
	}
	close(o.done)
}

// with runs one request on the current link, and once more on a new one if the
// server says that session or era of the first are gone.
func (c *Conn) with(ctx context.Context, request func(*link) error) error {
	for again := false; ; again = true {
		l, err := c.current(ctx)
		if err != nil {
			return err
		}
		err = request(l)
		status, refused := errors.AsType[*StatusError](err)
		if !refused || !status.lost && !status.stale {
			return err
		}
		c.drop(l, status)
		if again || status.stale {
			return err
		}
	}
}

// drop gives a link up. Unless only its session ended, the era is no longer
// taken for known either.
func (c *Conn) drop(l *link, e *StatusError) {
	if e.Status != http.StatusNotFound || l.session == "" {
		c.server.forget()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == l {
		c.link = nil
	}
}

// Close ends the session, if there is one (MCP 2025-11-25, Transports,
// "Session Management"). A server that knows no such session, or does not let
// clients end them, is no error. Requests after Close fail with [ErrClosed];
// those under way are not waited for.
func (c *Conn) Close(ctx context.Context) error {
	c.mu.Lock()
	l := c.link
	c.link, c.closed = nil, true
	c.mu.Unlock()
	if l == nil {
		return nil
	}
	if err := c.end(ctx, l); err != nil {
		return fmt.Errorf("close session at upstream %q: %w", c.server.config.ID, err)
	}
	return nil
}

func (c *Conn) end(ctx context.Context, l *link) error {
	if l.session == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.server.config.Timeout)
	defer cancel()
	h, err := c.wire.headers(ctx, l)
	if err != nil {
		return err
	}
	rpc.SetHeaders(h, l.revision, "", nil)
	resp, err := c.wire.send(ctx, http.MethodDelete, h, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch status := resp.StatusCode; {
	case status/100 == 2, status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		_, err = readBody(resp, maxRefusal)
	default:
		_, err = refusal(resp, l, nil)
	}
	return err
}

// Revision is the era of the server when last heard of: [rpc.Stateful] or
// [rpc.Stateless].
func (c *Conn) Revision() rpc.Revision { return c.latest().era() }

// Capabilities is what the server declared, a raw object; nil: not known, as
// with a server pinned to [rpc.Stateless].
func (c *Conn) Capabilities() json.RawMessage { return c.latest().greeting.capabilities }

// ServerInfo is what the server says it is, a raw object; nil: not known.
func (c *Conn) ServerInfo() json.RawMessage { return c.latest().greeting.serverInfo }

// Instructions is the server's text for the model; "": none.
func (c *Conn) Instructions() string { return c.latest().greeting.instructions }

// latest is never nil: Open returns no Conn without one.
func (c *Conn) latest() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}
