package command

import (
	"cmp"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/scenarios"
)

// didYouMean is the end of an error message that names what was probably
// meant.
func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(names, ", ") + "?"
}

// checkPatterns refuses a pattern that selects no story, and names the nearest
// ids and titles.
func checkPatterns(patterns []string, stories []scenarios.Story) error {
	for _, pattern := range patterns {
		if !slices.ContainsFunc(stories, func(s scenarios.Story) bool { return s.Matches(pattern) }) {
			return usage("no story matches %q%s\nportico list shows them all", pattern, didYouMean(nearest(pattern, names(stories))))
		}
	}
	return nil
}

func names(stories []scenarios.Story) []string {
	var all []string
	for _, s := range stories {
		all = append(all, s.Checks...)
		all = append(all, strings.Fields(s.Title)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// nearest is up to three names that are few edits away.
func nearest(word string, names []string) []string {
	type near struct {
		name     string
		distance int
	}
	var found []near
	for _, name := range names {
		d := edits(strings.ToLower(word), strings.ToLower(name))
		if d <= max(1, len(word)/3) {
			found = append(found, near{name, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	var all []string
	for _, n := range found[:min(3, len(found))] {
		all = append(all, n.name)
	}
	return all
}

// edits is the Levenshtein distance between two words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
