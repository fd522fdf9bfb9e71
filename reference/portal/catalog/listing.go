package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// Kind is what a definition defines.
type Kind int

// The kinds of definitions that a catalogue holds.
const (
	Tools Kind = iota
	Prompts
	kinds
)

// String is the name the protocol has for the kind's list.
func (k Kind) String() string { return [...]string{"tools", "prompts"}[k] }

// Offer is what a server answered at a sync: definitions as it sent them.
type Offer struct {
	Server         string       // the portal's id for it
	Revision       rpc.Revision // of the definitions
	Tools, Prompts []json.RawMessage
}

// Skipped is a definition that is not listed, and why.
type Skipped struct {
	Kind   Kind
	Name   string // "": it has none that can be read
	Reason string
}

// Listing is one server's part of the catalogue, made ready once: renamed, and
// written for each era. It never changes.
type Listing struct {
	server  string
	shelves [kinds][eras]shelf
	skipped []Skipped
}

// shelf is what clients of one era see of one kind.
type shelf struct {
	fragment []byte            // definitions, comma between, in the server's order
	names    map[string]string // full name to the server's own
}

// eras are the two ways of writing a list.
const eras = 2

func era(rev rpc.Revision) int {
	if rev == rpc.Stateless {
		return 1
	}
	return 0
}

// NewListing prepares an offer. A definition that cannot be listed is skipped
// and reported; the others are not affected.
func NewListing(o Offer) *Listing {
	l := &Listing{server: o.Server}
	l.fill(Tools, o.Tools, o.Revision)
	l.fill(Prompts, o.Prompts, o.Revision)
	return l
}

func (l *Listing) fill(k Kind, definitions []json.RawMessage, from rpc.Revision) {
	taken := map[string]bool{}
	for i := range l.shelves[k] {
		l.shelves[k][i].names = map[string]string{}
	}
	for _, d := range definitions {
		own, renamed, err := rename(l.server, d)
		if err == nil && taken[own] {
			err = errors.New("the server lists this name twice; the first counts")
		}
		if err != nil {
			l.skipped = append(l.skipped, Skipped{k, own, err.Error()})
			continue
		}
		taken[own] = true
		for i, to := range [eras]rpc.Revision{rpc.Stateful, rpc.Stateless} {
			l.shelves[k][i].add(k, l.server, own, renamed, from, to)
		}
	}
	if s := &l.shelves[k]; bytes.Equal(s[0].fragment, s[1].fragment) {
		s[1] = s[0] // most servers: half the memory
	}
}

// add writes a definition for one era, if that era can have it.
func (s *shelf) add(k Kind, server, own string, definition json.RawMessage, from, to rpc.Revision) {
	if k == Tools {
		translated, shown := rpc.TranslateTool(definition, from, to)
		if !shown {
			return
		}
		definition = translated
	}
	if len(s.fragment) > 0 {
		s.fragment = append(s.fragment, ',')
	}
	s.fragment = append(s.fragment, definition...)
	s.names[string(Join(server, own))] = own
}

// rename puts the full name into a definition, whose other bytes stay.
func rename(server string, definition json.RawMessage) (own string, renamed json.RawMessage, err error) {
	o, err := rpc.ParseObject(definition, "name")
	if err != nil {
		return "", nil, errors.New("not an unambiguous JSON object")
	}
	own, ok := o.GetString("name")
	full := Join(server, own)
	switch {
	case !ok || own == "":
		return "", nil, errors.New("no name")
	case len(full) > MaxName:
		return own, nil, fmt.Errorf("the name would have %d bytes, more than %d", len(full), MaxName)
	}
	o.SetString("name", string(full))
	return own, o.Bytes(), nil
}

// Server is the id of the server the listing is of.
func (l *Listing) Server() string { return l.server }

// Skipped lists what the server offered and clients do not see.
func (l *Listing) Skipped() []Skipped { return l.skipped }

// Count is how many definitions of a kind clients of a revision see.
func (l *Listing) Count(k Kind, rev rpc.Revision) int { return len(l.shelves[k][era(rev)].names) }
