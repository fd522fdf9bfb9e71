package upstream

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// Bounds of a list. A server can make up cursors for ever.
const (
	maxPages = 1_000
	maxItems = 10_000
)

// List fetches all pages of a list, such as the "tools" of "tools/list", and
// returns the items raw, in the server's own revision ([Conn.Revision]). A
// cursor is opaque, and an empty one is one (MCP 2026-07-28, Pagination).
//
// Errors are as with [Conn.Do], [ErrTooMany] beyond 1,000 pages or 10,000
// items, and the server's own refusal as an [*rpc.Error].
func (c *Conn) List(ctx context.Context, method, member string) ([]json.RawMessage, error) {
	items, err := c.pages(ctx, method, member)
	if err != nil {
		return nil, fmt.Errorf("%s at upstream %q: %w", method, c.server.config.ID, err)
	}
	return items, nil
}

func (c *Conn) pages(ctx context.Context, method, member string) ([]json.RawMessage, error) {
	var items []json.RawMessage
	var cursor json.RawMessage
	for range maxPages {
		result, err := c.page(ctx, method, cursor)
		if err != nil {
			return nil, err
		}
		page, next, err := readPage(result, member)
		if err != nil {
			return nil, err
		}
		items = append(items, page...)
		if len(items) > maxItems {
			return nil, ErrTooMany
		}
		if next == nil {
			return items, nil
		}
		cursor = next
	}
	return nil, ErrTooMany
}

// page fetches one page's result.
func (c *Conn) page(ctx context.Context, method string, cursor json.RawMessage) (json.RawMessage, error) {
	var params json.RawMessage
	if cursor != nil {
		params = json.RawMessage(`{"cursor":` + string(cursor) + `}`)
	}
	var m rpc.Message
	err := c.with(ctx, func(l *link) error {
		sent, err := rpc.TranslateParams(params, rpc.Stateful, l.era(), c.caller)
		if err != nil {
			return err
		}
		e := &exchange{wire: c.wire, link: l, method: method, id: c.server.nextID()}
		m, err = e.run(ctx, sent)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case m.Error != nil:
		return nil, rpc.DecodeError(m.Error)
	}
	if kind, ok := m.ResultType(); !ok || kind != "" && kind != "complete" {
		return nil, fmt.Errorf("%w: a list whose result is not complete", ErrMalformed)
	}
	return m.Result, nil
}

// readPage takes the items and the cursor to the next page, nil at the end.
func readPage(result json.RawMessage, member string) (items []json.RawMessage, next json.RawMessage, err error) {
	o, err := rpc.ParseObject(result, member, "nextCursor")
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	list, _ := o.Get(member)
	items, err = rpc.Elements(list)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %q is not a list", ErrMalformed, member)
	}
	next, ok := o.Get("nextCursor")
	if !ok || string(next) == "null" {
		return items, nil, nil
	}
	if _, ok := rpc.Unquote(next); !ok {
		return nil, nil, fmt.Errorf("%w: the cursor is not a string", ErrMalformed)
	}
	return items, next, nil
}
