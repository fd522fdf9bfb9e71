package probe

import (
	"context"
	"encoding/json"
	"time"
)

// listing is a list, asked page by page to its end or to a bound.
type listing struct {
	pages   []*exchange
	items   []definition
	bytes   int // of all items
	took    time.Duration
	endless string // why it has no end; empty: it has one
	fails   string // why it cannot be read; empty: it can
}

// first is the exchange that shows a list; nil if it was not asked for.
func (l listing) first() *exchange {
	if len(l.pages) == 0 {
		return nil
	}
	return l.pages[0]
}

// definition is a tool or a prompt, as it was sent.
type definition struct {
	raw     json.RawMessage
	members map[string]json.RawMessage // nil: it is no object
	name    string                     // empty: it has none
}

// list follows a list. A cursor is opaque, and an empty one is one (MCP
// 2025-11-25 Pagination).
func (e *evidence) list(ctx context.Context, member string) listing {
	var l listing
	var params map[string]any
	seen := map[string]bool{}
	for len(l.pages) < e.line.limits.Pages {
		q := e.stateful(member+"/list", params)
		if e.speaksModern() {
			q = e.modern(member+"/list", params)
		}
		x := e.put(ctx, q)
		l.pages, l.took = append(l.pages, x), l.took+x.took
		next, fails := l.take(x, member)
		switch {
		case fails != "":
			l.fails = fails
			return l
		case len(l.items) > e.line.limits.Items:
			l.items = l.items[:e.line.limits.Items]
			l.endless = "it has more than " + count(e.line.limits.Items, "item")
			return l
		case next == nil:
			return l
		case seen[*next]:
			l.endless = "it gives the same cursor twice"
			return l
		}
		seen[*next], params = true, map[string]any{"cursor": *next}
	}
	l.endless = "it has a cursor after " + count(e.line.limits.Pages, "page")
	return l
}

// take reads a page, and the cursor to the next; nil: there is none.
func (l *listing) take(x *exchange, member string) (next *string, fails string) {
	switch {
	case x.failed != nil:
		return nil, x.failed.words
	case x.cut:
		return nil, "the answer is too long"
	case x.fault != nil:
		return nil, "the answer is error " + quote(x.fault.Message)
	case !x.good():
		return nil, "the answer is HTTP " + statusText(x.status)
	case x.result == nil:
		return nil, x.wrong
	}
	var members map[string]json.RawMessage
	var items []json.RawMessage
	if json.Unmarshal(x.result, &members) != nil || json.Unmarshal(members[member], &items) != nil || items == nil {
		return nil, `the result has no list "` + member + `"`
	}
	for _, raw := range items {
		l.items, l.bytes = append(l.items, define(raw)), l.bytes+len(raw)
	}
	if json.Unmarshal(members["nextCursor"], &next) != nil && members["nextCursor"] != nil {
		return nil, "the cursor is no string"
	}
	return next, ""
}

func define(raw json.RawMessage) definition {
	d := definition{raw: raw}
	if json.Unmarshal(raw, &d.members) == nil {
		_ = json.Unmarshal(d.members["name"], &d.name) // what is no string is no name
	}
	return d
}
