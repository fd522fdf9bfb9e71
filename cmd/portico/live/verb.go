package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/trace"
)

// ErrUsage is returned for an order that was not understood; nothing was done.
var ErrUsage = errors.New("not understood")

// Verb is something that can be done to a town. The command line, the control
// API and the page have the same ones.
type Verb struct {
	Name     string     `json:"name"`
	Sentence string     `json:"sentence"`
	Takes    []Argument `json:"takes"`
	Fault    bool       `json:"fault"` // it sets a fault: times, on, chance and seed apply

	act func(context.Context, *Town, Order) (string, error)
}

// Argument is what a verb wants to be told.
type Argument struct {
	Name     string `json:"name"`
	Kind     Kind   `json:"kind"`
	Optional bool   `json:"optional,omitempty"`
}

// Kind says what an argument can be.
type Kind string

// The kinds of arguments.
const (
	APerson   Kind = "person"   // of the town
	AServer   Kind = "server"   // of the portal
	AParty    Kind = "party"    // anybody that listens
	ATool     Kind = "tool"     // of the server before it
	AStatus   Kind = "status"   // HTTP
	ADuration Kind = "duration" // 300ms, 3s, 2h
	AWord     Kind = "word"
	ASwitch   Kind = "switch" // on, off, down or up
)

// Order is a verb with what it was told.
type Order struct {
	Args   []string `json:"args"`
	On     string   `json:"on,omitempty"`
	Times  int      `json:"times,omitempty"`
	Spares int      `json:"spares,omitempty"`
	Chance float64  `json:"chance,omitempty"`
	Seed   uint64   `json:"seed,omitempty"`
}

// arg is the i-th argument; empty if there is none.
func (o Order) arg(i int) string {
	if i < len(o.Args) {
		return o.Args[i]
	}
	return ""
}

// Usage is the verb as it is typed: "rename-tool SERVER TOOL WORD".
func (v Verb) Usage() string {
	words := []string{v.Name}
	for _, a := range v.Takes {
		name := strings.ToUpper(a.Name)
		if a.Optional {
			name = "[" + name + "]"
		}
		words = append(words, name)
	}
	return strings.Join(words, " ")
}

// Verbs is the registry: the deeds first, then every fault.
func Verbs() []Verb {
	all := slices.Clone(deeds)
	for _, k := range faults.Kinds {
		all = append(all, faultVerb(k))
	}
	return all
}

// VerbNames are the names of all verbs.
func VerbNames() []string {
	var all []string
	for _, v := range Verbs() {
		all = append(all, v.Name)
	}
	return all
}

// FindVerb is the verb of that name; false: there is none.
func FindVerb(name string) (Verb, bool) {
	all := Verbs()
	i := slices.IndexFunc(all, func(v Verb) bool { return v.Name == name })
	if i < 0 {
		return Verb{}, false
	}
	return all[i], true
}

// Do carries an order out and says what is different now. The error is
// ErrUsage, or why it could not be done.
func (t *Town) Do(ctx context.Context, verb string, o Order) (string, error) {
	v, ok := FindVerb(verb)
	if !ok {
		return "", fmt.Errorf("%w: there is no verb %q; there are %s", ErrUsage, verb, strings.Join(VerbNames(), ", "))
	}
	least := 0
	for _, a := range v.Takes {
		if !a.Optional {
			least++
		}
	}
	if len(o.Args) < least || len(o.Args) > len(v.Takes) {
		return "", fmt.Errorf("%w: it is %s", ErrUsage, v.Usage())
	}
	if !v.Fault && (o.On != "" || o.Times != 0 || o.Spares != 0 || o.Chance != 0 || o.Seed != 0) {
		return "", fmt.Errorf("%w: %s is no fault, which alone strike some times or by chance", ErrUsage, v.Name)
	}
	return v.act(ctx, t, o)
}

// faultVerb is the verb that sets a fault of a kind.
func faultVerb(k faults.Kind) Verb {
	v := Verb{Name: k.Name, Sentence: "PARTY " + k.Sentence, Takes: []Argument{{Name: "party", Kind: AParty}}, Fault: true}
	if k.Status != 0 {
		v.Takes = append(v.Takes, Argument{"status", AStatus, true})
	}
	if k.Delay != 0 {
		v.Takes = append(v.Takes, Argument{"delay", ADuration, true})
	}
	v.act = func(_ context.Context, t *Town, o Order) (string, error) {
		f := faults.Fault{Kind: k.Name, On: o.On, Times: o.Times, Spares: o.Spares, Chance: o.Chance, Seed: o.Seed}
		if err := told(k, o.arg(1), &f); err != nil {
			return "", err
		}
		return t.ail(trace.Party(o.arg(0)), f)
	}
	return v
}

// told reads what a kind of fault takes.
func told(k faults.Kind, text string, f *faults.Fault) error {
	switch {
	case text == "":
	case k.Status != 0:
		status, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%w: %q is no HTTP status", ErrUsage, text)
		}
		f.Status = status
	case k.Delay != 0:
		delay, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%w: %q is no duration: write 300ms, 3s or 2m", ErrUsage, text)
		}
		f.Delay = faults.Duration(delay)
	}
	return nil
}

// ail sets a fault at a party; one that befalls authorization servers befalls
// the one that protects a server, if the server is named.
func (t *Town) ail(party trace.Party, f faults.Fault) (string, error) {
	layer, err := t.layer(party)
	if err != nil {
		return "", err
	}
	set, err := layer.Set(f)
	if as := party + "-as"; errors.Is(err, faults.ErrImpossible) && t.Faults[as] != nil {
		if second, ok := t.Faults[as].Set(f); ok == nil {
			party, set, err = as, second, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("%w: %s", ErrUsage, err)
	}
	until := "until: portico do clear " + string(party)
	if set.Times > 0 {
		until = fmt.Sprintf("%d times, then it is well again", set.Times)
	}
	return fmt.Sprintf("%s: %s (%s)", party, set, until), nil
}

// layer is where faults of a party are set.
func (t *Town) layer(party trace.Party) (*faults.Layer, error) {
	if l := t.Faults[party]; l != nil {
		return l, nil
	}
	var known []string
	for p := range t.Faults {
		known = append(known, string(p))
	}
	slices.Sort(known)
	return nil, fmt.Errorf("%w: %q is no party of ours; there are %s", ErrUsage, party, strings.Join(known, ", "))
}
