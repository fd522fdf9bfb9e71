package command

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/scenarios"
)

// coverageFile is where the table stands in the repository.
const coverageFile = "fixtures/requirements/COVERAGE.md"

func coverageCommand() *cobra.Command {
	var write bool
	c := &cobra.Command{
		Use:   "coverage",
		Short: "Print which requirements are checked, excluded and open",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			covered, err := scenarios.Covered()
			if err != nil {
				return harnessFault(err)
			}
			if !write {
				_, err = fmt.Fprint(c.OutOrStdout(), covered.Markdown())
				return err
			}
			if err := os.WriteFile(coverageFile, []byte(covered.Markdown()), 0o644); err != nil {
				return notRun(err)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n%d musts are open; fixtures/ratchet.yaml holds the number\n", coverageFile, covered.OpenMusts())
			return err
		},
	}
	c.Flags().BoolVar(&write, "write", false, "write "+coverageFile+", in the repository's root")
	return c
}
