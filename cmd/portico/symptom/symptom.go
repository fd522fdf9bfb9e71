// Package symptom is the documented troubles of portals, each one to be brought
// about on purpose: what a person meets, what is on the wire, why, and what
// helps, shown by doing it.
package symptom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/network"
)

// Symptom is a trouble, as people meet it.
type Symptom struct {
	Name    string `json:"name"`
	Meets   string `json:"meets"`   // what a person meets, in a sentence
	Because string `json:"because"` // what is wrong
	Cure    string `json:"cure"`    // what to do about it in a portal of one's own

	// world is the town it happens in; nil: everyday.
	world    func(*stage) (fixtures.World, error)
	signedIn bool // alice has called something before
	// ail brings it about, look is what the person does and meets, mend is the
	// cure; after it look meets nothing.
	ail, mend func(context.Context, *stage) error
	look      func(context.Context, *stage) (string, error)
}

// Shown is a symptom that was brought about, and cured.
type Shown struct {
	Met   string         `json:"met"`   // by the person
	Hops  []network.Seen `json:"hops"`  // on the wire meanwhile
	After string         `json:"after"` // the cure: what the person meets then
}

// ErrUnknown is returned for a name that no symptom has; the message lists the
// names there are.
var ErrUnknown = errors.New("no such symptom")

// All is every symptom, in the order in which people meet them.
func All() []Symptom { return slices.Clone(all) }

// Find is the symptom of that name.
func Find(name string) (Symptom, error) {
	i := slices.IndexFunc(all, func(s Symptom) bool { return s.Name == name })
	if i < 0 {
		return Symptom{}, fmt.Errorf("%w: %q; there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	return all[i], nil
}

// Names are the names of all symptoms.
func Names() []string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// Show opens a town for the symptom alone, brings it about, looks, cures it and
// looks again. Nothing of the town is left.
func (s Symptom) Show(ctx context.Context) (Shown, error) {
	st := &stage{}
	defer st.close()
	if err := st.open(ctx, s); err != nil {
		return Shown{}, err
	}
	if s.signedIn {
		if _, err := st.call(ctx, "mail_whoami"); err != nil {
			return Shown{}, err
		}
	}
	before := st.town.Network.Latest()
	if err := s.ail(ctx, st); err != nil {
		return Shown{}, fmt.Errorf("bring %s about: %w", s.Name, err)
	}
	met, err := s.look(ctx, st)
	if err != nil {
		return Shown{}, fmt.Errorf("look at %s: %w", s.Name, err)
	}
	shown := Shown{Met: met, Hops: st.town.After(before)}
	if err := s.mend(ctx, st); err != nil {
		return Shown{}, fmt.Errorf("cure %s: %w", s.Name, err)
	}
	shown.After, err = s.look(ctx, st)
	return shown, err
}

// stage is the town a symptom happens in, and what stands outside of it.
type stage struct {
	town   *live.Town
	origin string          // of what stands outside
	alice  fixtures.Person // who can sign in there
	knows  bool            // the person has been told better

	mu      sync.Mutex
	outside http.Handler // answers at the outsider's address; nil: 404
	doors   []*httptest.Server
}

func (st *stage) open(ctx context.Context, s Symptom) error {
	world, err := fixtures.LoadWorld("everyday")
	if s.world != nil {
		world, err = s.world(st)
	}
	if err != nil {
		return err
	}
	st.town, err = live.Open(ctx, live.Config{World: world})
	return err
}

func (st *stage) close() {
	if st.town != nil {
		st.town.Close()
	}
	for _, d := range st.doors {
		d.Close()
	}
}

// do carries an order out.
func (st *stage) do(ctx context.Context, words ...string) error {
	_, err := st.town.Do(ctx, words[0], live.Order{Args: words[1:]})
	return err
}

// call is a call of alice's and what she is told.
func (st *stage) call(ctx context.Context, tool string) (string, error) {
	called, err := st.town.CallTool(ctx, live.Call{As: "alice", Tool: tool, Args: map[string]any{"query": "badgers"}})
	switch {
	case err != nil:
		return "", err
	case called.Error != "":
		return called.Error, nil
	default:
		return called.Text, nil
	}
}

// status is what the admin is told of a server.
func (st *stage) status(ctx context.Context, server string) (string, error) {
	states, err := st.town.ServerStates(ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(states, func(s live.ServerState) bool { return s.ID == server })
	if i < 0 {
		return "", fmt.Errorf("no server %q", server)
	}
	if states[i].Error == "" {
		return fmt.Sprintf("%s: %s, %d tools", server, states[i].Status.Status, states[i].Tools), nil
	}
	return fmt.Sprintf("%s: %s, %s", server, states[i].Status.Status, states[i].Error), nil
}

// outsider opens a door on loopback that is no part of the town; what stands
// there may change.
func (st *stage) outsider() string {
	d := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st.mu.Lock()
		h := st.outside
		st.mu.Unlock()
		if h == nil {
			h = http.NotFoundHandler()
		}
		h.ServeHTTP(w, r)
	}))
	st.doors = append(st.doors, d)
	return d.URL
}

func (st *stage) stands(h http.Handler) {
	st.mu.Lock()
	st.outside = h
	st.mu.Unlock()
}
