package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

func runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run [ID|GLOB|WORDS ...]",
		Short: "Tell the stories to the reference portal, in this process",
		Long: `Tell the stories to the reference portal, in this process and in memory.

Without arguments all stories are told; otherwise those that check one of the
requirements (NS-01, "CR-*") or whose sentence has the words in it.

Exit codes: 0 good, 1 a story failed, 2 usage or nothing selected, 3 the target
could not be run, 4 the harness itself failed. (go run turns them all into 1.)`,
		Example: "  portico run\n  portico run 'CR-*'\n  portico run 'two underscores'",
		RunE: func(c *cobra.Command, patterns []string) error {
			if err := checkPatterns(patterns, scenarios.List()); err != nil {
				return err
			}
			return run(c.OutOrStdout(), patterns)
		},
	}
}

func run(out io.Writer, patterns []string) error {
	portal := inprocess.Memory{}
	if err := inprocess.Warm(); err != nil {
		return notRun(err)
	}
	fmt.Fprintf(out, "target  %s, in memory   revisions %s\n\n", portal.Name(), strings.Join(scenarios.Revisions, ", "))
	results, err := scenarios.RunAlone(portal, scenarios.Options{
		Select: patterns,
		Report: func(r verdict.Result) { verdict.Line(out, r) },
	})
	if err != nil {
		return harnessFault(err)
	}
	fmt.Fprintf(out, "\n%s\n%s\n", verdict.Summary(results), next(results))
	if code := verdict.Exit(results); code != verdict.ExitGood {
		return exitError{code: code}
	}
	return nil
}

// next is the command to type now.
func next(results []verdict.Result) string {
	i := slices.IndexFunc(results, func(r verdict.Result) bool {
		return r.Verdict.Bad()
	})
	if i >= 0 {
		return fmt.Sprintf("next    portico run %q", results[i].Story)
	}
	return "next    portico up    to walk around in the town these stories happen in"
}
