package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// exchange is one request to a server and everything that comes back on its
// stream.
type exchange struct {
	wire   wire
	link   *link
	method string
	id     json.RawMessage        // ours
	token  json.RawMessage        // the client's progress token; nil: none
	notify func(raw []byte) error // nil: notifications are dropped
	life   *lifetime
	header http.Header // of the answer
}

// run sends the request and returns the response message: a result or a
// JSON-RPC error.
func (e *exchange) run(ctx context.Context, params json.RawMessage) (rpc.Message, error) {
	if err := ctx.Err(); err != nil {
		return rpc.Message{}, context.Cause(ctx)
	}
	e.life = e.wire.server.live(ctx, e.cancelled())
	m, err := e.exchange(params)
	return m, e.life.end(err)
}

func (e *exchange) exchange(params json.RawMessage) (rpc.Message, error) {
	resp, err := e.wire.post(e.life.ctx, e.link, e.method, params, rpc.Request(e.id, e.method, params))
	if err != nil {
		return rpc.Message{}, err
	}
	defer resp.Body.Close()
	e.header = resp.Header
	if resp.StatusCode/100 != 2 {
		return refusal(resp, e.link, e.id)
	}
	switch kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind {
	case "text/event-stream":
		return e.stream(resp.Body)
	case "application/json":
		return e.single(resp)
	default:
		return rpc.Message{}, fmt.Errorf("%w: status %d with content type %q", ErrMalformed, resp.StatusCode, kind)
	}
}

func (e *exchange) single(resp *http.Response) (rpc.Message, error) {
	body, err := readBody(resp, maxAnswer)
	if err == errTooLarge {
		return rpc.Message{}, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	if err != nil {
		return rpc.Message{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	m, err := rpc.Parse(body)
	if err != nil {
		return rpc.Message{}, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	return m, e.check(m)
}

// check reports whether a message is the answer to this request
// (MCP 2026-07-28, Base Protocol, "Responses").
func (e *exchange) check(m rpc.Message) error {
	switch {
	case !m.IsResponse():
		return fmt.Errorf("%w: not a response", ErrMalformed)
	case m.ID == nil && m.Error != nil:
		return nil
	case !bytes.Equal(m.ID, e.id):
		return fmt.Errorf("%w: the response has another id", ErrMalformed)
	case m.Error == nil && m.Result[0] != '{':
		return fmt.Errorf("%w: the result is not an object", ErrMalformed)
	}
	return nil
}

// stream reads events up to the answer. Each notification is handed on before
// the next event is read, so their order, and their place before the answer,
// are kept.
func (e *exchange) stream(body io.Reader) (rpc.Message, error) {
	for data, err := range rpc.Events(body) {
		if err == rpc.ErrEventTooLong {
			return rpc.Message{}, fmt.Errorf("%w: %v", ErrMalformed, err)
		}
		if err != nil {
			return rpc.Message{}, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		m, err := rpc.Parse(data)
		switch {
		case err != nil:
			return rpc.Message{}, fmt.Errorf("%w: %v", ErrMalformed, err)
		case m.IsResponse():
			e.drain(body)
			return m, e.check(m)
		case m.IsRequest():
			e.answer(m)
		default:
			if err := e.notified(m); err != nil {
				e.life.abort(err)
				return rpc.Message{}, err
			}
		}
	}
	return rpc.Message{}, ErrBroken
}

// drainTime is how long a server may take to end a stream behind its answer.
const drainTime = 100 * time.Millisecond

// drain reads the end of the stream, so that the connection can be used again.
func (e *exchange) drain(body io.Reader) {
	timer := time.AfterFunc(drainTime, func() { e.life.cancel(nil) })
	defer timer.Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(body, maxRefusal))
}

// answer replies to a request of the server. ping is the portal's to answer;
// what would need the client is declined, as no capability for it was
// declared. A stateless server may not ask here, and is not answered
// (MCP 2026-07-28, Transports, "Sending Messages").
func (e *exchange) answer(m rpc.Message) {
	if e.link.era() == rpc.Stateless {
		return
	}
	body := rpc.ResultMessage(m.ID, json.RawMessage("{}"))
	if m.Method != "ping" {
		body = rpc.ErrorMessage(m.ID, &rpc.Error{Code: rpc.CodeMethodNotFound,
			Message: "requests of a server to the client are not relayed by this portal yet: " + m.Method})
	}
	_ = e.wire.tell(e.life.ctx, e.link, "", body) // lost or not: the server goes on or the stream shows it
}

// cancelPatience bounds the notification that a request is cancelled.
const cancelPatience = 5 * time.Second

// cancelled is what to tell the server when the request is aborted: in the
// stateful era notifications/cancelled, except for initialize, which must not
// be cancelled; in the stateless one nothing, since closing the stream says it
// (MCP 2025-11-25, Cancellation; MCP 2026-07-28, Cancellation).
func (e *exchange) cancelled() func(context.Context) {
	if e.link.era() == rpc.Stateless || e.method == "initialize" {
		return nil
	}
	return func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, cancelPatience)
		defer cancel()
		params := json.RawMessage(`{"requestId":` + string(e.id) + `,"reason":"the client cancelled or went away, or time ran out"}`)
		_ = e.wire.tell(ctx, e.link, "notifications/cancelled", rpc.Request(nil, "notifications/cancelled", params))
	}
}
