package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/scenarios/mutants"
)

func mutantsCommand() *cobra.Command {
	var list, alone, thorough bool
	var write string
	c := &cobra.Command{
		Use:   "mutants [ID ...]",
		Short: "Prove the stories: tell them to faulty portals, and see that each is found out",
		Long: `Tell all stories to faulty portals, each the reference with one fault, and see
that the checks it names fail and no others.

Without arguments all mutants are tried, side by side, and who breaks what is
compared with the matrix that this program was built with.

Exit codes: 0 all were found out as named, 1 one was not, 2 usage, 4 harness.`,
		Example: "  portico mutants\n  portico mutants leaks-the-client-token",
		RunE: func(c *cobra.Command, ids []string) error {
			chosen, err := chosenMutants(ids)
			switch {
			case err != nil:
				return usage("%w", err)
			case list:
				return listMutants(c.OutOrStdout(), chosen)
			case alone:
				o, err := mutants.Try(chosen[0], thorough)
				if err != nil {
					return harnessFault(err)
				}
				return json.NewEncoder(c.OutOrStdout()).Encode(o)
			}
			return tryMutants(c, chosen, len(ids) == 0, thorough || write != "", write)
		},
	}
	c.Flags().BoolVar(&list, "list", false, "only list them")
	c.Flags().BoolVar(&alone, "alone", false, "try one in this process, and print its outcome as JSON")
	c.Flags().BoolVar(&thorough, "thorough", false, "tell every story in both revisions; else those that check what the mutant breaks in both, and the others in one")
	c.Flags().StringVar(&write, "write", "", "write the matrix, or what is new of it, to a file in place of comparing it")
	return c
}

func chosenMutants(ids []string) ([]mutants.Mutant, error) {
	if len(ids) == 0 {
		return mutants.All(), nil
	}
	var chosen []mutants.Mutant
	for _, id := range ids {
		m, err := mutants.Find(id)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, m)
	}
	return chosen, nil
}

func listMutants(out io.Writer, all []mutants.Mutant) error {
	for _, m := range all {
		if _, err := fmt.Fprintf(out, "%s\n    %s\n    breaks %s\n", m.ID, m.Says, strings.Join(m.Breaks, ", ")); err != nil {
			return err
		}
	}
	return nil
}

// tryMutants tries mutants in processes of this program, and says of each what
// it broke.
func tryMutants(c *cobra.Command, chosen []mutants.Mutant, all, thorough bool, write string) error {
	program, err := os.Executable()
	if err != nil {
		return harnessFault(err)
	}
	out, wrong, began := c.OutOrStdout(), 0, time.Now()
	matrix, err := mutants.Run(c.Context(), chosen, func(ctx context.Context, m mutants.Mutant) *exec.Cmd {
		return exec.CommandContext(ctx, program, "mutants", "--alone", fmt.Sprintf("--thorough=%t", thorough), m.ID)
	}, func(m mutants.Mutant, o mutants.Outcome) {
		complaints := m.Complaints(o)
		if write == "" {
			complaints = append(complaints, mutants.Differs(mutants.Golden, o, thorough)...)
		}
		wrong += len(complaints)
		sayMutant(out, m, o, complaints)
	})
	if err != nil {
		return harnessFault(err)
	}
	fmt.Fprintf(out, "\n%d mutants, %d complaints  %.1fs\n", len(chosen), wrong, time.Since(began).Seconds())
	if write != "" {
		text := matrix.String()
		if !all {
			text = mutants.Replaced(mutants.Golden, matrix)
		}
		if err := os.WriteFile(write, []byte(text), 0o644); err != nil {
			return notRun(err)
		}
	}
	if wrong > 0 {
		return failed("")
	}
	return nil
}

// mostComplaints is how many of them are said of one mutant.
const mostComplaints = 12

func sayMutant(out io.Writer, m mutants.Mutant, o mutants.Outcome, complaints []string) {
	mark := "✓"
	if len(complaints) > 0 {
		mark = "✗"
	}
	fmt.Fprintf(out, "%s %s  %s  %.1fs\n    breaks %s", mark, m.ID, m.Says, o.Took.Seconds(), strings.Join(o.Broken, " "))
	if len(o.Lost) > 0 {
		fmt.Fprintf(out, "  (%d not testable)", len(o.Lost))
	}
	fmt.Fprintln(out)
	for _, complaint := range complaints[:min(len(complaints), mostComplaints)] {
		fmt.Fprintf(out, "    ✗ %s\n", complaint)
	}
	if more := len(complaints) - mostComplaints; more > 0 {
		fmt.Fprintf(out, "    … and %d more\n", more)
	}
}
