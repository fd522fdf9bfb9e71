package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/scenarios"
)

func listCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list [ID|GLOB|WORDS ...]",
		Short: "List the stories and the rules, the worlds they happen in and what they check",
		RunE: func(c *cobra.Command, patterns []string) error {
			stories := slices.Concat(scenarios.List(), scenarios.Invariants())
			if err := checkPatterns(patterns, stories); err != nil {
				return err
			}
			stories = slices.DeleteFunc(stories, func(s scenarios.Story) bool { return !selected(s, patterns) })
			if asJSON {
				return printJSON(c.OutOrStdout(), stories)
			}
			for _, s := range stories {
				listStory(c.OutOrStdout(), s)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func listStory(out io.Writer, s scenarios.Story) {
	world := "every world"
	if s.World != "" {
		world = "world " + s.World
	}
	fmt.Fprintf(out, "%s\n    %s   revisions %s   checks %s\n", s.Title, world, strings.Join(s.Revisions, ", "), strings.Join(s.Checks, ", "))
}

func selected(s scenarios.Story, patterns []string) bool {
	for _, p := range patterns {
		if s.Matches(p) {
			return true
		}
	}
	return len(patterns) == 0
}
