package command

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/simulators/faults"
)

// doCommand has a command for every verb of the registry, so that there is
// nothing to keep in step.
func doCommand() *cobra.Command {
	var town remote
	c := &cobra.Command{
		Use:   "do VERB ...",
		Short: "Do something to the town that is open",
		Long: `Do something to the town that is open (portico up, in another terminal).

A fault strikes until it is cleared, or --times N; --on takes a JSON-RPC method
or a path; --chance and --seed let it strike some requests, always the same.`,
		Example: "  portico do expire alice\n  portico do fail mail 401 --times 1\n  portico do slow wiki 3s\n  portico do gateway on",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usage("there is no verb %q%s\nportico do --help shows them all", args[0], didYouMean(nearest(args[0], live.VerbNames())))
		},
	}
	town.flag(c)
	for _, v := range live.Verbs() {
		c.AddCommand(verbCommand(&town, v))
	}
	return c
}

func verbCommand(town *remote, v live.Verb) *cobra.Command {
	var o live.Order
	c := &cobra.Command{
		Use: v.Usage(), Short: v.Sentence,
		RunE: func(c *cobra.Command, args []string) error {
			o.Args = args
			var done struct{ Said string }
			if err := town.ask(c.Context(), http.MethodPost, "/do/"+v.Name, o, &done); err != nil {
				return err
			}
			_, err := fmt.Fprintln(c.OutOrStdout(), done.Said)
			return err
		},
	}
	if v.Fault {
		c.Flags().IntVar(&o.Times, "times", 0, "how often it strikes; 0: until portico do clear")
		c.Flags().IntVar(&o.Spares, "spares", 0, "how many requests pass first")
		c.Flags().StringVar(&o.On, "on", "", "only requests of this JSON-RPC method, or to this path")
		c.Flags().Float64Var(&o.Chance, "chance", 0, "of striking a request, up to 1; 0: always")
		c.Flags().Uint64Var(&o.Seed, "seed", 0, "of the chance: equal seeds strike the same requests")
	}
	return c
}

// faultsCommand lists the kinds of faults, and what is set in the town.
func faultsCommand() *cobra.Command {
	var town remote
	c := &cobra.Command{
		Use:   "faults",
		Short: "List what can go wrong, and what does in the town that is open",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			out := c.OutOrStdout()
			t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
			for _, k := range faults.Kinds {
				fmt.Fprintf(t, "%s\t%s\n", k.Name, k.Sentence)
			}
			if err := t.Flush(); err != nil {
				return err
			}
			var set map[string][]faults.Fault
			if err := town.ask(c.Context(), http.MethodGet, "/faults", nil, &set); err != nil {
				fmt.Fprintln(out, "\nNo town is open in which one could be set.")
				return nil
			}
			return listFaults(out, set)
		},
	}
	town.flag(c)
	return c
}

func listFaults(out io.Writer, set map[string][]faults.Fault) error {
	if len(set) == 0 {
		_, err := fmt.Fprintln(out, "\nNone is set. One is: portico do fail wiki 503 --times 1")
		return err
	}
	fmt.Fprintln(out, "\nSet now:")
	for _, party := range slices.Sorted(maps.Keys(set)) {
		for _, f := range set[party] {
			fmt.Fprintf(out, "    %s: %s\n", party, f)
		}
	}
	return nil
}
