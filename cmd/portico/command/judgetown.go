package command

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/cmd/portico/live"
)

// judgeTown asks the town what the rules saw, once all that happened so far is
// judged.
func judgeTown(c *cobra.Command, town remote, asJSON bool) error {
	var judged townJudgement
	if err := town.ask(c.Context(), http.MethodGet, "/findings?wait=30s", nil, &judged.Judgement); err != nil {
		return err
	}
	return errors.Join(printed(c.OutOrStdout(), judged, asJSON), judged.ends())
}

// townJudgement is what the rules saw in a town.
type townJudgement struct{ live.Judgement }

// String is the judgement for people, a line per rule, as that of a file is.
func (j townJudgement) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the town: %s\n", plural(j.Exchanges, "exchange"))
	for _, r := range j.Rules {
		switch {
		case r.Broken > 0:
			fmt.Fprintf(&b, "✗ %-32s broken %s\n", r.ID, plural(r.Broken, "time"))
			j.places(&b, r.ID)
		case r.Judged == 0:
			fmt.Fprintf(&b, "- %-32s nothing to judge\n", r.ID)
		default:
			fmt.Fprintf(&b, "✓ %-32s held\n", r.ID)
		}
	}
	broken, held, blind := j.Tally()
	fmt.Fprintf(&b, "%s: %d held, %d broken, %d had nothing to judge\n", plural(len(j.Rules), "rule"), held, broken, blind)
	if j.Missed {
		fmt.Fprintln(&b, "More happened than could be judged: the journal gave some of it up before.")
	}
	if j.Behind > 0 {
		fmt.Fprintf(&b, "The latest %s of the journal are not judged yet.\n", plural(j.Behind, "event"))
	}
	return b.String()
}

// places are where a rule is broken, the exchanges by their ids in the journal.
func (j townJudgement) places(b *strings.Builder, rule string) {
	for _, f := range j.Findings {
		if f.Rule != rule {
			continue
		}
		times := ""
		if f.Times > 1 {
			times = fmt.Sprintf(", %s from #%d on", plural(f.Times, "time"), f.Exchange)
		}
		fmt.Fprintf(b, "    #%d %s %s%s\n      expected  %s (%s)\n      actual    %s\n",
			f.Latest, inert(f.Hop()), inert(f.Asked), times, f.Says, binding(f.Level, f.Requirements), inert(f.Wrong))
	}
}

// ends is how the command ends: nil if every rule that could held.
func (j townJudgement) ends() error {
	switch broken, held, _ := j.Tally(); {
	case broken > 0:
		return failed("")
	case held == 0:
		return usage("nothing has happened in the town that could be judged")
	}
	return nil
}

// brokenLine is a rule that was broken just now, for people who watch the town.
func brokenLine(f live.Finding) string {
	return fmt.Sprintf("✗ a rule is broken: %s (%s), %s %s, #%d in the journal; all of it: portico judge\n",
		inert(f.Wrong), f.Rule, inert(f.Hop()), inert(f.Asked), f.Exchange)
}
