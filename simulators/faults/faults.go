// Package faults is what can go wrong with a party of a town, as data: a
// registry of kinds with names and sentences, and a Layer that stands in front
// of a party and lets a fault strike, once, some times, by chance or until it is
// cleared. The command line, the control API and the page of `portico up` list
// the same registry.
//
// One file per kind.
package faults

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/portico-mcp/portico/simulators/trace"
)

// Fault is one thing wrong with one party. Only Kind is needed.
type Fault struct {
	ID     int      `json:"id,omitempty"`     // given by [Layer.Set]
	Kind   string   `json:"kind"`             // a [Kind] by name
	Status int      `json:"status,omitempty"` // HTTP, where the kind takes one; 0: the kind's own
	Delay  Duration `json:"delay,omitempty"`  // where the kind takes one; 0: the kind's own
	On     string   `json:"on,omitempty"`     // a JSON-RPC method, or a path with its slash; empty: what the kind strikes by itself
	Spares int      `json:"spares,omitempty"` // how many matching requests pass first
	Times  int      `json:"times,omitempty"`  // how often it strikes; 0: until it is cleared
	Chance float64  `json:"chance,omitempty"` // of striking a matching request, above 0 to 1; 0: always
	Seed   uint64   `json:"seed,omitempty"`   // of the chance: equal seeds strike the same requests
	Struck int      `json:"struck,omitempty"` // how often it has struck
}

// Duration is a time.Duration that reads and writes as "3s".
type Duration time.Duration

// MarshalJSON writes "3s".
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads "3s"; the error says what was wanted.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return errors.New(`a duration is a string like "3s"`)
	}
	return d.parse(text)
}

func (d *Duration) parse(text string) error {
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is no duration: write 300ms, 3s or 2m", text)
	}
	*d = Duration(parsed)
	return nil
}

// Kind is something that can go wrong.
type Kind struct {
	Name     string
	Sentence string        // what the party's peers see
	At       []trace.Role  // whom it can befall
	Status   int           // what it answers unless told otherwise; 0: it takes no status
	Delay    time.Duration // how long it waits unless told otherwise; 0: it takes no delay
	// strikes says which requests it strikes by itself; nil: those of the MCP
	// endpoint at parties that have one, all at others.
	strikes func(*http.Request) bool
	// needs says what a request must carry to be struck, wherever the fault is
	// told to strike; nil: nothing.
	needs func(*http.Request) bool
	// passes says that what stands behind it still has a part in the answer.
	passes bool
	// befall is the handler that answers a struck request in place of next.
	befall func(f Fault, next http.Handler) http.Handler
}

var (
	everywhere = []trace.Role{trace.Access, trace.Portal, trace.Upstream, trace.AuthorizationServer, trace.IdentityProvider, trace.Gateway}
	speakers   = []trace.Role{trace.Access, trace.Upstream} // of MCP
	issuers    = []trace.Role{trace.Access, trace.AuthorizationServer}
)

// Kinds is the registry, in the order in which it is shown.
var Kinds = []Kind{fail, slow, drop, hang, cut, garble, empty, refuse, loseSession, refuseRefresh}

// Errors of [Layer.Set].
var (
	ErrUnknown    = errors.New("no such fault")
	ErrImpossible = errors.New("a fault that cannot be")
)

// Find is the kind of that name; the error is ErrUnknown with the names there
// are.
func Find(name string) (Kind, error) {
	i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, fmt.Errorf("%w: %q; there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	return Kinds[i], nil
}

// Names are the names of all kinds.
func Names() []string {
	var all []string
	for _, k := range Kinds {
		all = append(all, k.Name)
	}
	return all
}

// check refuses what the kind cannot do at a party of that role.
func (k Kind) check(f Fault, role trace.Role) error {
	switch {
	case !slices.Contains(k.At, role):
		return fmt.Errorf("%w: %s does not befall a party of the kind %q; it befalls %s", ErrImpossible, k.Name, role, list(k.At))
	case f.Status != 0 && k.Status == 0:
		return fmt.Errorf("%w: %s takes no status; leave it out", ErrImpossible, k.Name)
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("%w: status %d is no failure; 400 to 599 are", ErrImpossible, f.Status)
	case f.Delay != 0 && k.Delay == 0:
		return fmt.Errorf("%w: %s takes no delay; leave it out", ErrImpossible, k.Name)
	case f.Delay < 0 || f.Delay > Duration(time.Hour):
		return fmt.Errorf("%w: a delay of %s; it is at most 1h, since nobody waits longer", ErrImpossible, time.Duration(f.Delay))
	case f.Times < 0:
		return fmt.Errorf("%w: a negative number of times; 0 is until it is cleared", ErrImpossible)
	case f.Spares < 0:
		return fmt.Errorf("%w: a negative number of spared requests; 0 spares none", ErrImpossible)
	case !(f.Chance >= 0 && f.Chance <= 1): // neither is a number that is none
		return fmt.Errorf("%w: a chance of %g; it is between 0 and 1, and 0 is always", ErrImpossible, f.Chance)
	}
	return nil
}

// list is roles in words.
func list(roles []trace.Role) string {
	var words []string
	for _, r := range roles {
		words = append(words, string(r))
	}
	return strings.Join(words, ", ")
}

// complete gives a fault what its kind does unless told otherwise.
func (k Kind) complete(f Fault) Fault {
	f.Status, f.Delay = cmp.Or(f.Status, k.Status), cmp.Or(f.Delay, Duration(k.Delay))
	return f
}
