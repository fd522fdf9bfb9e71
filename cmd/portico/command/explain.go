package command

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/mutants"
)

func explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "explain ID ...",
		Short:   "Say what a requirement is, who says so, what checks it and what breaks it",
		Example: "  portico explain CR-07\n  portico explain MCP-FA-07 SEC-J-02",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, ids []string) error {
			checked := scenarios.Checked()
			for i, id := range ids {
				q, err := requirement(strings.ToUpper(id))
				if err != nil {
					return err
				}
				if i > 0 {
					fmt.Fprintln(c.OutOrStdout())
				}
				explain(c.OutOrStdout(), q, checked[q.ID])
			}
			return nil
		},
	}
}

// requirement finds a row, or says which ids are near.
func requirement(id string) (fixtures.Requirement, error) {
	q, err := fixtures.FindRequirement(id)
	if errors.Is(err, fixtures.ErrUnknown) {
		all, _ := fixtures.Requirements()
		var ids []string
		for _, r := range all {
			ids = append(ids, r.ID)
		}
		return q, usage("no requirement is called %q%s", id, didYouMean(nearest(id, ids)))
	}
	if err != nil {
		return q, harnessFault(err)
	}
	return q, nil
}

// explain writes a requirement: the sentence, the link, what checks it and how,
// the evidence, the mutants that break it, the pictures.
func explain(out io.Writer, q fixtures.Requirement, stories []scenarios.Story) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "    %-10s %s\n", name, value)
		}
	}
	fmt.Fprintf(out, "%s  %s, %s\n    %s\n\n", q.ID, q.Level, authority(q.Authority), q.Says)
	line("area", q.Area)
	line("source", q.Source)
	line("link", q.Link)
	line("revisions", strings.Join(erasOf(q), ", "))
	line("features", strings.Join(q.Features, ", "))
	line("seen at", strings.Join(asWords(q.Seats), ", "))
	line("tier", string(q.Tier))
	switch {
	case q.Excluded != "":
		line("state", "excluded: "+q.Excluded)
	case len(stories) == 0 && q.Same != "":
		line("state", "the same as "+q.Same)
	case len(stories) == 0:
		line("state", "open: no story checks it yet")
	default:
		line("again", "portico run "+q.ID)
		line("picture", fmt.Sprintf("portico run %s --out out, then out/report.html#%s", q.ID, q.ID))
	}
	for _, s := range stories {
		explainStory(out, s)
	}
	for _, m := range mutants.Killers(q.ID) {
		fmt.Fprintf(out, "\n  broken by %s\n    %s\n    portico run --mutant %s %s\n", m.ID, m.Says, m.ID, q.ID)
	}
}

func explainStory(out io.Writer, s scenarios.Story) {
	fmt.Fprintf(out, "\n  checked by\n    %s\n", s.Title)
	if s.World != "" {
		fmt.Fprintf(out, "    in the world %s, in %s\n", s.World, strings.Join(s.Revisions, " and "))
	}
	if s.Source != "" {
		fmt.Fprintf(out, "    told in %s\n", s.Source)
	}
	for line := range strings.Lines(s.Text()) {
		fmt.Fprintf(out, "      %s", line)
	}
}

// authority is who may fail for it, in words.
func authority(a fixtures.Authority) string {
	switch {
	case a.Profile() != "":
		return "documented by " + a.Profile() + ": counts for portals that claim its profile"
	case a == fixtures.Derived:
		return "derived: a stranger is warned"
	default:
		return "specified: every portal answers for it"
	}
}

func erasOf(q fixtures.Requirement) []string {
	if len(q.Eras) == 0 {
		return slices.Clone(scenarios.Revisions)
	}
	return q.Eras
}

func asWords[T ~string](all []T) []string {
	var words []string
	for _, s := range all {
		words = append(words, string(s))
	}
	return words
}
