package command

import (
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/cmd/portico/live"
)

func callCommand() *cobra.Command {
	var town remote
	var call live.Call
	c := &cobra.Command{
		Use:   "call TOOL [NAME=TEXT | NAME:=JSON ...]",
		Short: "Call a tool through the town's portal, and show both hops",
		Long: `Call a tool through the portal of the town that is open, as somebody who signs in
without a browser, and show what was seen on both sides of the portal.`,
		Example: "  portico call wiki_search query=badgers\n  portico call mail_send to=bob --as alice\n  portico call wiki_count to:=3 --revision 2025-11-25",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			call.Tool = args[0]
			if call.Args, err = live.ReadArguments(args[1:]); err != nil {
				return usage("%w", err)
			}
			var called live.Called
			if err := town.ask(c.Context(), http.MethodPost, "/call", call, &called); err != nil {
				return err
			}
			ready, err := town.ready(c.Context())
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), called, ready)
		},
	}
	town.flag(c)
	c.Flags().StringVar(&call.As, "as", "", "who calls (default the first person of the world)")
	c.Flags().StringVar(&call.Revision, "revision", "", "protocol revision the client speaks (default 2026-07-28)")
	return c
}

// show prints what a call came to; one without a result is a failure.
func show(out io.Writer, called live.Called, ready live.Ready) error {
	for _, s := range called.Hops {
		fmt.Fprintln(out, live.Line(s, ready.Roles))
	}
	switch {
	case called.Error != "":
		return failed(called.Error)
	case called.IsError:
		fmt.Fprintf(out, "\n%s\n", live.Printable(called.Text))
		return failed("the tool says that it failed")
	}
	_, err := fmt.Fprintf(out, "\n%s\n", live.Printable(called.Text))
	return err
}

func tokenCommand() *cobra.Command {
	var town remote
	c := &cobra.Command{
		Use:     "token PERSON",
		Short:   "Print an access token of somebody in the town, for curl and the like",
		Example: `  curl -H "Authorization: Bearer $(portico token alice)" ...`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var got struct {
				Token string `json:"access_token"`
			}
			if err := town.ask(c.Context(), http.MethodPost, "/token", map[string]string{"as": args[0]}, &got); err != nil {
				return err
			}
			_, err := fmt.Fprintln(c.OutOrStdout(), got.Token)
			return err
		},
	}
	town.flag(c)
	return c
}
