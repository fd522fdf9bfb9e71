package scenarios

import (
	"slices"

	"github.com/portico-mcp/portico/scenarios/invariant"
)

// Checked is the stories that check each requirement, by its id, the invariants
// among them.
func Checked() map[string][]Story {
	all := map[string][]Story{}
	for _, s := range slices.Concat(List(), Invariants()) {
		for _, id := range s.Checks {
			all[id] = append(all[id], s)
		}
	}
	return all
}

// Invariants are what every story keeps, as if each were a story.
func Invariants() []Story {
	var all []Story
	for _, r := range invariant.Rules() {
		all = append(all, Story{Title: Everywhere + ": " + r.Says, Revisions: Revisions, Checks: slices.Clone(r.Requirements)})
	}
	return all
}
