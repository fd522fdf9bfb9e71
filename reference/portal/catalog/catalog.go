// Package catalog knows the tools and prompts of all servers, and under which
// names clients see them.
//
// A [Catalog] is a snapshot that never changes; a sync makes a new one. All work
// per definition is done once, when a server's [Listing] is made: answering
// tools/list is writing ready fragments, and finding a call's server is one look
// into a map.
package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// Entry is what a full name stands for.
type Entry struct {
	Server string
	Name   string // the server's own
}

// Catalog is the listings of all servers at one moment. The zero Catalog is
// empty. It may be read by many goroutines.
type Catalog struct {
	listings []*Listing // by server id
	names    [kinds][eras]map[string]Entry
}

// New makes a catalogue of listings, one per server; of two for the same
// server the later counts.
func New(listings ...*Listing) *Catalog {
	latest := map[string]*Listing{}
	for _, l := range listings {
		latest[l.server] = l
	}
	c := &Catalog{listings: slices.SortedFunc(maps.Values(latest), func(a, b *Listing) int {
		return strings.Compare(a.server, b.server)
	})}
	for k := range c.names {
		for e := range c.names[k] {
			c.names[k][e] = index(c.listings, Kind(k), e)
		}
	}
	return c
}

func index(listings []*Listing, k Kind, era int) map[string]Entry {
	names := map[string]Entry{}
	for _, l := range listings {
		for full, own := range l.shelves[k][era].names {
			names[full] = Entry{l.server, own}
		}
	}
	return names
}

// With is the catalogue with one server's listing replaced or added.
func (c *Catalog) With(l *Listing) *Catalog {
	return New(append(slices.Clone(c.listings), l)...)
}

// Resolve finds what a full name of a kind stands for, for a client of a
// revision. What that client is not shown is not found either.
func (c *Catalog) Resolve(k Kind, rev rpc.Revision, n Name) (Entry, bool) {
	e, ok := c.names[k][era(rev)][string(n)]
	return e, ok
}

// View is the list of a kind as a client of a revision sees it, of the servers
// that on admits (nil: all): fragments, each one or more definitions with
// commas between them, to be written with commas between the fragments.
// Servers come in the order of their ids, definitions in the server's order,
// so that two views of one catalogue are equal. The fragments must not be
// changed.
func (c *Catalog) View(k Kind, rev rpc.Revision, on func(server string) bool) [][]byte {
	view := make([][]byte, 0, len(c.listings))
	for _, l := range c.listings {
		if f := l.shelves[k][era(rev)].fragment; len(f) > 0 && (on == nil || on(l.server)) {
			view = append(view, f)
		}
	}
	return view
}

// Listing is a server's part; nil if it has none.
func (c *Catalog) Listing(server string) *Listing {
	i, ok := slices.BinarySearchFunc(c.listings, server, func(l *Listing, id string) int { return strings.Compare(l.server, id) })
	if !ok {
		return nil
	}
	return c.listings[i]
}
