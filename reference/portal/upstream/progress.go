package upstream

import (
	"bytes"
	"encoding/json"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// withToken replaces the client's progress token, which is unique among its
// own requests only, by one that is unique at the server; and keeps it for
// the way back. Params without one stay as they are.
func (e *exchange) withToken(params json.RawMessage) json.RawMessage {
	meta, ok := rpc.Lookup(params, "_meta")
	if !ok {
		return params
	}
	token, ok := rpc.Lookup(meta, "progressToken")
	if !ok {
		return params
	}
	o, err := rpc.ParseObject(params)
	if err != nil {
		return params
	}
	inner := o.GetObject("_meta")
	inner.Set("progressToken", e.ownToken())
	o.Set("_meta", inner.Bytes())
	e.token = token
	return o.Bytes()
}

func (e *exchange) ownToken() json.RawMessage { return json.RawMessage(`"` + string(e.id) + `"`) }

// notified hands a notification on. Progress gets the client's token back;
// progress of another request, which some servers send on whichever stream is
// open, is dropped, since this stream may belong to somebody else
// (MCP 2026-07-28, Transports, "Sending Messages").
func (e *exchange) notified(m rpc.Message) error {
	raw := m.Raw
	if m.Method == "notifications/progress" {
		token, _ := m.Param("progressToken")
		if e.token == nil || !bytes.Equal(token, e.ownToken()) {
			return nil
		}
		e.life.progressed()
		raw = e.tokenBack(m)
	}
	if e.notify == nil || raw == nil {
		return nil
	}
	return e.notify(raw)
}

func (e *exchange) tokenBack(m rpc.Message) []byte {
	params, err := rpc.ParseObject(m.Params)
	if err != nil {
		return nil
	}
	message, err := rpc.ParseObject(m.Raw)
	if err != nil {
		return nil
	}
	params.Set("progressToken", e.token)
	message.Set("params", params.Bytes())
	return message.Bytes()
}
