// Package command is the command line of portico: it reads arguments, calls
// the packages that do the work, and prints what they return.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/cmd/portico/snippet"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

// Main runs the command line and returns the exit code: 0 good, 1 a verdict,
// 2 usage or nothing selected, 3 the target could not be run, 4 harness fault.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "portico",
		Short:         "Test, simulate and draw portals of MCP servers",
		SilenceErrors: true,
		SilenceUsage:  true,
		// A wrong name is an error with a suggestion, not a page of help.
		SuggestionsMinimumDistance: 2,
		Args:                       cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usage("unknown command %q%s", args[0], didYouMean(c.SuggestionsFor(args[0])))
		},
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("%s\nsee %s --help", err, c.CommandPath())
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	var here remote
	connect := connectCommand(func(ctx context.Context) (snippet.Endpoint, error) { return here.endpoint(ctx) })
	here.flag(connect)
	root.AddCommand(runCommand(), listCommand(), explainCommand(), coverageCommand(), mutantsCommand(), reproCommand(), newCommand(), diagramsCommand(),
		upCommand(), connect, callCommand(), tokenCommand(), doCommand(), faultsCommand(),
		breakCommand(), journalCommand(), waitCommand(), saveCommand(), drawCommand(), judgeCommand())
	err := root.ExecuteContext(ctx)
	var exit exitError
	switch {
	case err == nil:
		return verdict.ExitGood
	case errors.As(err, &exit):
		if exit.error != nil {
			fmt.Fprintf(stderr, "portico: %s\n", exit.error)
		}
		return exit.code
	default:
		fmt.Fprintf(stderr, "portico: %s\n", err)
		return verdict.ExitUsage
	}
}

// exitError ends the program with a code; its error may be nil if everything
// was said already.
type exitError struct {
	error
	code int
}

func (e exitError) Error() string {
	if e.error == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.error.Error()
}

func (e exitError) Unwrap() error { return e.error }

func usage(format string, args ...any) error {
	return exitError{fmt.Errorf(format, args...), verdict.ExitUsage}
}

// failed ends with 1: what was asked for was tried, and did not succeed. An empty
// reason has been said already.
func failed(why string) error {
	if why == "" {
		return exitError{code: verdict.ExitVerdict}
	}
	return exitError{errors.New(why), verdict.ExitVerdict}
}

func notRun(err error) error { return exitError{err, verdict.ExitNotRun} }

func harnessFault(err error) error { return exitError{err, verdict.ExitHarness} }
