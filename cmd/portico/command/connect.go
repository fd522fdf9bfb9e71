package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/cmd/portico/snippet"
	"github.com/portico-mcp/portico/fixtures"
)

// connectCommand prints how clients are told of an endpoint: the one given, or
// the one of the town that endpoint finds.
func connectCommand(endpoint func(context.Context) (snippet.Endpoint, error)) *cobra.Command {
	var url string
	var list bool
	c := &cobra.Command{
		Use:   "connect [CLIENT]",
		Short: "Print how an MCP client is told of the portal, or of any endpoint",
		Long: `Print how an MCP client is told of an endpoint: into which file, or with which
command, and what exactly. Nothing is written and nothing is asked of the client.

Without a client all are listed, with a sentence each.`,
		Example: "  portico connect\n  portico connect cursor\n  portico connect codex --url https://portal.example/mcp",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case list && len(args) > 0:
				return usage("--list lists all clients, and takes none")
			case list:
				return listClients(c.OutOrStdout())
			case len(args) == 0:
				return describeClients(c.OutOrStdout())
			}
			client, err := snippet.Find(args[0])
			if err != nil {
				return usage("%w%s", err, didYouMean(nearest(args[0], clientIDs())))
			}
			if c.Flags().Changed("url") {
				return connect(c.OutOrStdout(), client, snippet.Endpoint{URL: url})
			}
			return connectToTown(c.Context(), c.OutOrStdout(), client, endpoint)
		},
	}
	c.Flags().StringVar(&url, "url", "", "the MCP endpoint (default that of the running town)")
	c.Flags().BoolVar(&list, "list", false, "print the names of all clients, one a line")
	return c
}

func clientIDs() []string {
	var ids []string
	for _, c := range snippet.Clients() {
		ids = append(ids, c.ID)
	}
	return ids
}

func listClients(out io.Writer) error {
	_, err := fmt.Fprintln(out, strings.Join(clientIDs(), "\n"))
	return err
}

func describeClients(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, c := range snippet.Clients() {
		fmt.Fprintf(t, "%s\t%s: %s\n", c.ID, c.Name, c.Is)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "\nnext    portico connect CLIENT [--url URL]")
	return err
}

// connectToTown also says who can sign in: in a town of ours that is known.
func connectToTown(ctx context.Context, out io.Writer, c snippet.Client, find func(context.Context) (snippet.Endpoint, error)) error {
	e, err := find(ctx)
	if err != nil {
		return notRun(fmt.Errorf("%w\nstart one with portico up, or give --url", err))
	}
	if err := connect(out, c, e); err != nil {
		return err
	}
	alice, err := fixtures.LoadPerson("alice")
	if err != nil {
		return harnessFault(err)
	}
	who := "the client opens a browser"
	if !c.OAuth && !c.Bridge {
		who = "you open a browser"
	}
	_, err = fmt.Fprintf(out, "\nnext    %s; sign in as %s with %s\n", who, alice.Email, alice.Password)
	return err
}

func connect(out io.Writer, c snippet.Client, e snippet.Endpoint) error {
	text, err := c.Render(e)
	switch {
	case errors.Is(err, snippet.ErrEndpoint):
		return usage("%w", err)
	case err != nil:
		return harnessFault(err)
	}
	fmt.Fprintf(out, "%s: %s\n\n", c.Name, c.Is)
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, p := range c.Where {
		fmt.Fprintf(t, "%s\t%s\n", p.For, p.Put)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n\n%s\n", strings.TrimSuffix(text, "\n"), signsIn(c))
	for _, sentence := range []string{c.ToTrust(e), c.Then} {
		if sentence != "" {
			fmt.Fprintln(out, sentence)
		}
	}
	_, err = fmt.Fprintf(out, "From %s (%s)\n", c.Source, checked(c))
	return err
}

// signsIn says who finds the authorization server and opens a browser.
func signsIn(c snippet.Client) string {
	switch {
	case c.Bridge:
		return "mcp-remote signs in for it, in a browser."
	case c.OAuth:
		return "It signs in by itself, in a browser."
	default:
		return "It does not sign in by itself."
	}
}

func checked(c snippet.Client) string {
	if c.Checked == "" {
		return "not verified here"
	}
	return "checked " + c.Checked
}
