package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/cmd/portico/symptom"
	"github.com/portico-mcp/portico/simulators/trace"
)

func breakCommand() *cobra.Command {
	var list, asJSON bool
	c := &cobra.Command{
		Use:   "break NAME",
		Short: "Bring a documented trouble about: what one meets, the traffic, the cure",
		Long: `Bring a documented trouble of portals about, in a town of its own: what a person
meets, what is on the wire on both sides of the portal, why, and what helps,
shown by doing it. Nothing is left afterwards, and no town that is open notices.`,
		Example: "  portico break --list\n  portico break stale-credential",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if list || len(args) == 0 {
				return listSymptoms(c.OutOrStdout(), asJSON)
			}
			s, err := symptom.Find(args[0])
			if err != nil {
				return usage("%w%s", err, didYouMean(nearest(args[0], symptom.Names())))
			}
			shown, err := s.Show(c.Context())
			if err != nil {
				return harnessFault(err)
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(struct {
					symptom.Symptom
					symptom.Shown
				}{s, shown})
			}
			return tell(c.OutOrStdout(), s, shown)
		},
	}
	c.Flags().BoolVar(&list, "list", false, "list all troubles")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func listSymptoms(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(symptom.All())
	}
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, s := range symptom.All() {
		fmt.Fprintf(t, "%s\t%s\n", s.Name, s.Meets)
	}
	return t.Flush()
}

// tell is a trouble as a page of a manual.
func tell(out io.Writer, s symptom.Symptom, shown symptom.Shown) error {
	fmt.Fprintf(out, "%s\n\nWhat is met\n%s\n\nOn the wire\n", capital(s.Meets), indented(shown.Met))
	roles := map[trace.Party]trace.Role{"alice": trace.Client, "alice.browser": trace.Browser}
	for _, hop := range shown.Hops {
		fmt.Fprintf(out, "    %s\n", live.Line(hop, roles))
	}
	if len(shown.Hops) == 0 {
		fmt.Fprintln(out, "    nothing: the portal answered of what it knew")
	}
	_, err := fmt.Fprintf(out, "\nWhy\n%s\n\nWhat helps\n%s\n\nAfter it\n%s\n",
		indented(s.Because), indented(s.Cure), indented(shown.After))
	return err
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(live.Printable(text), "\n", "\n    ")
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }
