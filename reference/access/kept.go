package access

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"
)

// Store keeps what must outlive the process: registered clients, grants, and
// which codes and refresh tokens were used. It is one JSON document that holds
// digests of tokens and never a token; it names people, so it is not for
// everybody's eyes. Load and Save are called by one goroutine at a time.
type Store interface {
	// Load gives what was saved last; nil if nothing was.
	Load() ([]byte, error)
	// Save puts a document in the place of the last one, whole or not at all.
	Save([]byte) error
}

// ErrStore is returned by [New] for a stored document that cannot be read, is
// of a version it does not know, or makes no sense: to begin with nothing
// instead would sign everybody out, and let used tokens in again.
var ErrStore = errors.New("stored state of access")

// documentVersion changes when an older program could not read the document.
const documentVersion = 1

// kept is the document of a [Store].
type kept struct {
	Version int          `json:"version"`
	Clients []keptClient `json:"clients"`
	Grants  []keptGrant  `json:"grants"`
}

type keptClient struct {
	ID           string    `json:"id"`
	Name         string    `json:"name,omitempty"`
	RedirectURIs []string  `json:"redirect_uris"`
	Until        time.Time `json:"until"`
}

type keptGrant struct {
	GrantInfo
	Access    digest   `json:"access_token"`
	Refresh   digest   `json:"refresh_token"`
	Rotations int      `json:"rotations"`
	Spent     []digest `json:"spent"`
}

// MarshalText writes a digest in hexadecimal; one of nothing is empty.
func (d digest) MarshalText() ([]byte, error) {
	if d == (digest{}) {
		return nil, nil
	}
	return hex.AppendEncode(nil, d[:]), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *digest) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = digest{}
		return nil
	}
	raw, err := hex.AppendDecode(nil, text)
	if err != nil || len(raw) != len(d) {
		return errors.New("a digest of a token is not one")
	}
	*d = digest(raw)
	return nil
}

// record writes changes through to the store. Whoever changes something counts
// it while it holds the lock of what it changed, and saves after letting go of
// that; then what a snapshot lacks was not counted yet when it began.
type record struct {
	store    Store // nil: nothing is kept
	log      *slog.Logger
	snapshot func() kept
	changes  atomic.Uint64

	// turn is held during I/O. It is no mutex: to wait for one stops virtual
	// time, and a store may take its time.
	turn  chan struct{}
	saved uint64 // changes that the stored document has; only with the turn
}

func newRecord(s Store, log *slog.Logger) *record {
	return &record{store: s, log: log, turn: make(chan struct{}, 1)}
}

// changed counts a change.
func (r *record) changed() { r.changes.Add(1) }

// save returns when every change so far is stored, maybe by somebody else. The
// snapshot is taken within the turn, so a later state is never overwritten by
// an earlier one. A failure is for the log: the next change saves everything.
func (r *record) save() {
	if r.store == nil {
		return
	}
	mine := r.changes.Load()
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	if r.saved >= mine {
		return
	}
	now := r.changes.Load()
	text, err := json.Marshal(r.snapshot())
	if err == nil {
		err = r.store.Save(text)
	}
	if err != nil {
		r.log.Error("save state: a restart would lose it", "error", err)
		return
	}
	r.saved = now
}

// load reads the stored document, if there is one.
func (r *record) load() (kept, error) {
	if r.store == nil {
		return kept{}, nil
	}
	text, err := r.store.Load()
	if err != nil {
		return kept{}, fmt.Errorf("%w: load: %w", ErrStore, err)
	}
	if text == nil {
		return kept{}, nil
	}
	var version struct{ Version int }
	if err := json.Unmarshal(text, &version); err != nil {
		return kept{}, fmt.Errorf("%w: no JSON document: %w", ErrStore, err)
	}
	if version.Version != documentVersion {
		return kept{}, fmt.Errorf("%w: of version %d, and this program knows version %d", ErrStore, version.Version, documentVersion)
	}
	var k kept
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&k); err != nil {
		return kept{}, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return kept{}, fmt.Errorf("%w: more than one document", ErrStore)
	}
	return k, k.check()
}

// check refuses what this program never writes.
func (k kept) check() error {
	for _, c := range k.Clients {
		if c.ID == "" || len(c.RedirectURIs) == 0 {
			return fmt.Errorf("%w: a client without an id or redirect URI", ErrStore)
		}
	}
	seen := map[string]bool{}
	for _, g := range k.Grants {
		if g.ID == "" || seen[g.ID] || g.Identity.Subject == "" || g.ClientID == "" || g.Refresh == (digest{}) || len(g.Spent) == 0 {
			return fmt.Errorf("%w: a grant that lacks what each one has, or is there twice", ErrStore)
		}
		seen[g.ID] = true
	}
	return nil
}

// restore takes up what a document holds and is still of use.
func (a *Access) restore(k kept) {
	for _, c := range k.Clients {
		a.clients.registered.putUntil(c.ID, registered{id: c.ID, name: c.Name, redirectURIs: c.RedirectURIs}, c.Until)
	}
	a.grants.restore(k.Grants)
}

// snapshot is the document of this moment.
func (a *Access) snapshot() kept {
	k := kept{Version: documentVersion, Clients: []keptClient{}, Grants: a.grants.kept()}
	for _, i := range a.clients.registered.all() {
		k.Clients = append(k.Clients, keptClient{ID: i.thing.id, Name: i.thing.name, RedirectURIs: i.thing.redirectURIs, Until: i.until})
	}
	slices.SortFunc(k.Clients, func(x, y keptClient) int { return cmp.Compare(x.ID, y.ID) })
	return k
}
