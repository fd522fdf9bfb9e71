// Package mutants is faulty portals, each the reference with one fault, made
// from outside: through what a deployment is configured with, or by a handler
// that tampers with what passes. They prove the stories: a check that no mutant
// breaks might be one that nothing can break.
package mutants

import (
	_ "embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

// Mutant is a portal with one fault. Each stands in a file of its own.
type Mutant struct {
	ID     string   // kebab-case
	Says   string   // one sentence: what this portal does
	Breaks []string // requirements that fail because of it, each of them
	// Also are requirements that may fail beside them, as ids or globs: what
	// cannot hold either when the fault is there.
	Also []string
	// Mute portals pass no check, but for those that they spare.
	Mute   bool
	Spares []string // ids or globs

	Tampering inprocess.Tampering // its Name is the ID
}

var registry []Mutant

// add makes a mutant known.
func add(m Mutant) Mutant {
	m.Tampering.Name = "mutant " + m.ID
	registry = append(registry, m)
	return m
}

// All is every mutant, in the order of their ids.
func All() []Mutant {
	all := slices.Clone(registry)
	slices.SortFunc(all, func(a, b Mutant) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// ErrUnknown is returned for an id that no mutant has; the message lists those
// there are.
var ErrUnknown = errors.New("no such mutant")

// Find finds a mutant by its id.
func Find(id string) (Mutant, error) {
	var known []string
	for _, m := range All() {
		if m.ID == id {
			return m, nil
		}
		known = append(known, m.ID)
	}
	return Mutant{}, fmt.Errorf("%w: %q; there are %s", ErrUnknown, id, strings.Join(known, ", "))
}

// Killers are the mutants that break a requirement by name.
func Killers(requirement string) []Mutant {
	return slices.DeleteFunc(All(), func(m Mutant) bool { return !slices.Contains(m.Breaks, requirement) })
}

// blessed says whether a requirement may fail because of the mutant.
func (m Mutant) blessed(id string) bool { return slices.Contains(m.Breaks, id) || fits(m.Also, id) }

// fits says whether an id is one of the patterns.
func fits(patterns []string, id string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, id)
		return err == nil && ok
	})
}
