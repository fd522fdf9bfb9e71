package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/diagrams/flow"
	"github.com/portico-mcp/portico/diagrams/sequence"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

func saveCommand() *cobra.Command {
	var town remote
	c := &cobra.Command{
		Use:   "save FILE",
		Short: "Save what the town saw as a trace, with names for what is secret",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var past struct{ Trace trace.Trace }
			if err := town.ask(c.Context(), http.MethodGet, "/trace?named=true", nil, &past); err != nil {
				return err
			}
			if len(past.Trace.Exchanges) == 0 {
				return failed("nothing was seen yet; call something first: portico call wiki_search query=badgers")
			}
			b, err := past.Trace.Encode()
			if err != nil {
				return harnessFault(err)
			}
			if err := os.WriteFile(args[0], b, 0o600); err != nil {
				return notRun(err)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%d exchanges in %s; portico draw %s makes pictures of them\n", len(past.Trace.Exchanges), args[0], args[0])
			return err
		},
	}
	town.flag(c)
	return c
}

func drawCommand() *cobra.Command {
	var folder string
	c := &cobra.Command{
		Use:   "draw FILE",
		Short: "Draw a saved trace: who talks to whom, and what was said in order",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return usage("%w", err)
			}
			t, err := trace.Decode(b)
			if err != nil {
				return usage("%s: %w", args[0], err)
			}
			if len(t.Exchanges) == 0 {
				return usage("%s: there is no exchange in it to draw", args[0])
			}
			name := strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			return draw(c, t, filepath.Join(folder, name))
		},
	}
	c.Flags().StringVar(&folder, "out", ".", "folder for the pictures")
	return c
}

func draw(c *cobra.Command, t trace.Trace, path string) error {
	title := t.Scenario
	if title == "" {
		title = filepath.Base(path)
	}
	who, err := flow.Draw([]trace.Trace{t}, title)
	if err != nil {
		return failed(err.Error())
	}
	for _, picture := range []struct {
		ending string
		bytes  []byte
	}{{"-flow.svg", who}, {".svg", sequence.Draw(t, title)}, {".md", sequence.Markdown(t, title)}} {
		if err := os.WriteFile(path+picture.ending, picture.bytes, 0o644); err != nil {
			return notRun(err)
		}
		fmt.Fprintln(c.OutOrStdout(), path+picture.ending)
	}
	return nil
}

func journalCommand() *cobra.Command {
	var town remote
	var since int
	var match string
	var asJSON bool
	c := &cobra.Command{
		Use:   "journal",
		Short: "Print what the town saw, a line per hop",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ready, err := town.ready(c.Context())
			if err != nil {
				return err
			}
			var news network.News
			query := url.Values{"since": {fmt.Sprint(since)}, "match": {match}}
			if err := town.ask(c.Context(), http.MethodGet, "/journal?"+query.Encode(), nil, &news); err != nil {
				return err
			}
			out := c.OutOrStdout()
			if asJSON {
				return json.NewEncoder(out).Encode(news)
			}
			if news.Dropped > 0 {
				fmt.Fprintf(out, "… %d exchanges before these were given up\n", news.Dropped)
			}
			for _, s := range news.Seen {
				fmt.Fprintln(out, live.Line(s, ready.Roles))
			}
			return nil
		},
	}
	town.flag(c)
	c.Flags().IntVar(&since, "since", 0, "only what happened after this event")
	c.Flags().StringVar(&match, "match", "", "only what is so: from= to= method= name= http= path= host= status=, or a word")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func waitCommand() *cobra.Command {
	var town remote
	var timeout string
	c := &cobra.Command{
		Use:     "wait MATCH ...",
		Short:   "Wait until the town sees an exchange, and print it",
		Example: "  portico wait to=wiki method=tools/call status=200 --timeout 30s",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ready, err := town.ready(c.Context())
			if err != nil {
				return err
			}
			var waited live.Waited
			query := url.Values{"match": {strings.Join(args, " ")}, "timeout": {timeout}}
			var exit exitError
			err = town.ask(c.Context(), http.MethodGet, "/journal/wait?"+query.Encode(), nil, &waited)
			switch {
			case waited.Seen != nil:
				fmt.Fprintln(c.OutOrStdout(), live.Line(*waited.Seen, ready.Roles))
			case waited.Nearest != nil:
				return failed("nothing like it came in time; the nearest was\n" + live.Line(*waited.Nearest, ready.Roles))
			case errors.As(err, &exit) && exit.error == nil:
				return failed("nothing like it came in time, and nothing near it")
			}
			return err
		},
	}
	town.flag(c)
	c.Flags().StringVar(&timeout, "timeout", "10s", "how long to wait")
	return c
}
