package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

const headerSession = "Mcp-Session-Id"

// Most bytes of an answer that are read: of one in JSON, and of a refusal.
const (
	maxAnswer  = 64 << 20
	maxRefusal = 1 << 20
)

var errTooLarge = errors.New("body too large")

// wire sends HTTP requests to one server with one credential.
type wire struct {
	server    *Server
	authorize Authorize
}

// post sends one message. method and params are those of the message, for the
// headers that repeat them. Redirects are not followed: the credential is for
// this URL (MCP 2026-07-28, Authorization, "Token Handling").
func (w wire) post(ctx context.Context, l *link, method string, params json.RawMessage, body []byte) (*http.Response, error) {
	h, err := w.headers(ctx, l)
	if err != nil {
		return nil, err
	}
	rpc.SetHeaders(h, l.revision, method, params)
	h["Content-Type"] = []string{"application/json"}
	return w.send(ctx, http.MethodPost, h, body)
}

// headers are those of every request. The protocol's own are set last, so
// that a credential cannot replace them.
func (w wire) headers(ctx context.Context, l *link) (http.Header, error) {
	h := make(http.Header, 8)
	h["User-Agent"] = []string{"portico"}
	if w.authorize != nil {
		if err := w.authorize(ctx, h); err != nil {
			return nil, err
		}
	}
	h["Accept"] = []string{"application/json, text/event-stream"}
	delete(h, headerSession)
	if l.session != "" {
		h[headerSession] = []string{l.session}
	}
	return h, nil
}

func (w wire) send(ctx context.Context, verb string, h http.Header, body []byte) (*http.Response, error) {
	var reader io.Reader // nil, not a nil *bytes.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, verb, w.server.config.URL, reader)
	if err != nil {
		return nil, err
	}
	req.Header = h
	return w.transport().RoundTrip(req)
}

func (w wire) transport() http.RoundTripper {
	if t := w.server.config.HTTP.Transport; t != nil {
		return t
	}
	return http.DefaultTransport
}

// tell posts a message that has no answer. Any success will do.
func (w wire) tell(ctx context.Context, l *link, method string, body []byte) error {
	resp, err := w.post(ctx, l, method, nil, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		_, err := refusal(resp, l, nil)
		return err
	}
	_, err = readBody(resp, maxRefusal)
	return err
}

// readBody reads a body to its end, which also gives the connection back.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, errTooLarge
	}
	var b bytes.Buffer
	if n := resp.ContentLength; n > 0 {
		b.Grow(int(n) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(io.LimitReader(resp.Body, limit+1)); err != nil {
		return nil, err
	}
	if int64(b.Len()) > limit {
		return nil, errTooLarge
	}
	return b.Bytes(), nil
}
