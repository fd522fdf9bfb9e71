package credential

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Document is where a store of [Kept] puts what must outlive the process. It
// holds tokens and client secrets as they are, so whoever keeps it encrypts it
// or keeps everybody else away. Load and Save are called by one goroutine at a
// time.
type Document interface {
	// Load gives what was saved last; nil if nothing was.
	Load() ([]byte, error)
	// Save puts a document in the place of the last one, whole or not at all.
	Save([]byte) error
}

// ErrDocument is returned by [Kept] for a document that cannot be read, is of a
// version it does not know, or makes no sense: to begin with nothing instead
// would lose every consent.
var ErrDocument = errors.New("stored credentials")

// kept is the store of [Kept].
type kept struct {
	*memory
	document Document

	// turn is held while the document is written, so that a later state is never
	// overwritten by an earlier one. It is no mutex: to wait for one stops
	// virtual time, and a document may take its time.
	turn  chan struct{}
	saved []byte // with the turn

	mu            sync.Mutex
	registrations func() registrations // of the vault; nil: those that were loaded
}

// Kept is a store of grants, and of the registrations of the one vault that
// uses it, that writes every change through to a document. Should that fail the
// change is in force in this process all the same, the error is returned, and
// the next write saves everything. The error of Kept is [ErrDocument].
func Kept(d Document) (Store, error) {
	text, err := d.Load()
	if err != nil {
		return nil, fmt.Errorf("%w: load: %w", ErrDocument, err)
	}
	s := &kept{memory: newMemory(), document: d, turn: make(chan struct{}, 1), saved: bytes.Clone(text)}
	contents := written{}
	if text != nil {
		if contents, err = read(text); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDocument, err)
		}
	}
	for _, g := range contents.Grants {
		s.grants[g.key()] = g.grant()
	}
	s.registrations = func() registrations { return contents.registrations }
	return s, nil
}

// Swap is that of the memory, written through. When it returns the change is
// stored, or the error says why not.
func (s *kept) Swap(ctx context.Context, key Key, old string, next Grant) (bool, error) {
	done, err := s.memory.Swap(ctx, key, old, next)
	if err != nil || !done {
		return done, err
	}
	return true, s.write()
}

// attach gives the registrations that were loaded, and from now on stores those
// of a vault.
func (s *kept) attach(of func() registrations) registrations {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.registrations()
	s.registrations = of
	return before
}

// write saves the state of this moment, unless it is saved already.
func (s *kept) write() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.mu.Lock()
	of := s.registrations
	s.mu.Unlock()
	text, err := json.Marshal(written{Version: documentVersion, registrations: of(), Grants: s.list()})
	if err != nil || bytes.Equal(text, s.saved) {
		return err
	}
	if err := s.document.Save(text); err != nil {
		return fmt.Errorf("save document: %w", err)
	}
	s.saved = bytes.Clone(text)
	return nil
}

// list is the grants as they are written, in a fixed order.
func (s *kept) list() []writtenGrant {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	all := []writtenGrant{}
	for k, g := range s.grants {
		all = append(all, writeGrant(k, g))
	}
	slices.SortFunc(all, func(x, y writtenGrant) int {
		return cmp.Or(cmp.Compare(x.Owner, y.Owner), cmp.Compare(x.Server, y.Server))
	})
	return all
}

// registrations are the vault's at this moment.
func (v *Vault) registrations() registrations {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := registrations{Clients: []writtenClient{}, Issuers: maps.Clone(v.issuers), Pins: maps.Clone(v.pins)} // issuers' slices are never changed
	for _, issuer := range slices.Sorted(maps.Keys(v.clients)) {
		c := v.clients[issuer]
		r.Clients = append(r.Clients, writeClient(c.Registration, c.expires))
	}
	return r
}

// restore takes up what an earlier vault knew.
func (v *Vault) restore(r registrations) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range r.Clients {
		v.clients[c.Issuer] = client{c.registration(), c.Expires}
	}
	maps.Copy(v.issuers, r.Issuers)
	maps.Copy(v.pins, r.Pins)
}

// record stores the registrations, if the store is one that keeps them.
func (v *Vault) record() error {
	if k, ok := v.store.(*kept); ok {
		return k.write()
	}
	return nil
}
