package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/scenarios"
)

func listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list [ID|GLOB|WORDS ...]",
		Short: "List the stories, the worlds they happen in and what they check",
		RunE: func(c *cobra.Command, patterns []string) error {
			stories := scenarios.List()
			if err := checkPatterns(patterns, stories); err != nil {
				return err
			}
			for _, s := range stories {
				if selected(s, patterns) {
					fmt.Fprintf(c.OutOrStdout(), "%s\n    world %s   revisions %s   checks %s\n",
						s.Title, s.World, strings.Join(s.Revisions, ", "), strings.Join(s.Checks, ", "))
				}
			}
			return nil
		},
	}
}

func selected(s scenarios.Story, patterns []string) bool {
	for _, p := range patterns {
		if s.Matches(p) {
			return true
		}
	}
	return len(patterns) == 0
}
