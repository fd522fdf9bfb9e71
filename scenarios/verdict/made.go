package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Made is the report of a run: what its results come to, and the terms they
// were judged by. Target is the implementation and its version. Of run it
// fills Stories and Took where the caller left them empty, the latter with the
// sum of the stories' times. Partial says that the run was interrupted.
func Made(target string, terms Terms, results []Result, run Run, partial bool) Report {
	r := Report{
		Schema: Schema, Run: run, Target: target, Partial: partial,
		Profiles: terms.Profiles, Features: claimed(terms), Derived: terms.Derived, Strict: terms.Strict,
		Set: setOf(terms), Known: terms.Known, Results: slices.Clone(results),
	}
	for i := range r.Results {
		r.Results[i].Chapter = strings.TrimSpace(r.Results[i].Chapter)
	}
	r.Summaries = Sum(r.Results)
	r.Counts = Count(r.Summaries)
	if r.Run.Stories == nil {
		r.Run.Stories = times(r.Results)
	}
	if r.Run.Took == 0 {
		for _, took := range r.Run.Stories {
			r.Run.Took += took
		}
	}
	return r
}

// claimed is the features a target claims: nil for all, and an empty list, which
// a reader can tell from it, for none.
func claimed(terms Terms) []string {
	if terms.Everything {
		return nil
	}
	return append([]string{}, terms.Features...)
}

// setOf says which checks count, as far as the terms know: how many there are.
// A caller that knows the set's name writes that instead.
func setOf(terms Terms) string {
	if terms.Set == nil {
		return ""
	}
	return fmt.Sprintf("%d checks", len(terms.Set))
}

// times is how long each story took; of one that was told more than once, all
// its tellings together.
func times(results []Result) map[string]time.Duration {
	all := make(map[string]time.Duration, len(results))
	for _, r := range results {
		all[r.Key()] += r.Took
	}
	return all
}
