package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
)

// call is one POST on its way through the SDK: what a behaviour needs that the
// SDK does not hand it.
type call struct {
	message message
	caller  Caller
	modern  bool
	reply   *reply
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

func (s *Server) post(w http.ResponseWriter, r *http.Request, caller Caller) {
	m, refusal := s.receive(w, r)
	if refusal != nil {
		refusal.write(w, m.id)
		return
	}
	if m.method == "" {
		badMessage(mcp.INVALID_REQUEST, "the server asked nothing that this could answer").write(w, nil)
		return
	}
	modern, refusal := s.checkRevision(r.Header, m, caller)
	if refusal != nil {
		refusal.write(w, m.id)
		return
	}
	c := &call{message: m, caller: caller, modern: modern, reply: newReply(w)}
	ctx, cancel := lifetime(r.Context(), modern)
	defer cancel()
	s.hand(c, r.WithContext(context.WithValue(ctx, callKey{}, c)))
	c.reply.identify(m.id)
	c.reply.finish(ctx)
}

// lifetime is how long a message is worked on. Closing the stream cancels it in
// 2026-07-28; before, "disconnection SHOULD NOT be interpreted as the client
// cancelling its request" (MCP 2025-11-25 Transports).
func lifetime(ctx context.Context, modern bool) (context.Context, context.CancelFunc) {
	if modern {
		return context.WithCancel(ctx)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(lifeOf(ctx), cancel)
	return ctx, func() { stop(); cancel() }
}

// hand lets the SDK work on the message.
func (s *Server) hand(c *call, r *http.Request) {
	r.Body = io.NopCloser(bytes.NewReader(c.message.body))
	if c.modern {
		// The SDK refuses what the revision tells servers to ignore.
		r.Header = r.Header.Clone()
		r.Header.Del(mcp.HeaderLastEventID)
	}
	s.transport.ServeHTTP(c.reply, r)
	if id := c.reply.header.Get(mcp.HeaderSessionID); id != "" {
		// The SDK would send what is meant for all clients down the next
		// POST; it belongs on the GET stream, which sessions.tell serves.
		s.sdk.UnregisterSession(r.Context(), id)
	}
}

// progress sends a progress notification on the stream of this very call; the
// SDK has one channel for all calls of a session, and loses what is sent just
// before the answer. Nothing is sent if the client gave no token.
func (c *call) progress(n, total int) {
	if c.message.progressToken == nil {
		return
	}
	params := struct {
		ProgressToken json.RawMessage `json:"progressToken"`
		Progress      int             `json:"progress"`
		Total         int             `json:"total"`
	}{c.message.progressToken, n, total}
	notification, err := json.Marshal(struct {
		JSONRPC string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}{"2.0", "notifications/progress", params})
	if err == nil { // the token was parsed as JSON before
		c.reply.notify(notification)
	}
}

var errRefused = errors.New("refused")

// refuse answers the call with a JSON-RPC error of its own code, which the SDK
// has no way to say. The error is for the SDK to return.
func (c *call) refuse(code int, text string, data any) error {
	status := http.StatusOK
	if c.modern && code == mcp.INVALID_PARAMS {
		status = http.StatusBadRequest
	}
	c.reply.replace(status, errorMessage(c.message.id, code, text, data))
	return errRefused
}
