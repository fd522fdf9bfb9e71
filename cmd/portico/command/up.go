package command

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/target/process"
	"github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// upOptions are the flags of `portico up`.
type upOptions struct {
	world, revision string
	port            int
	json            bool
}

// firstPort is where the town's fixed ports begin.
const firstPort = 7800

func upCommand() *cobra.Command {
	var o upOptions
	c := &cobra.Command{
		Use:   "up",
		Short: "Stand up a town on loopback: the portal and everything it meets",
		Long: `Stand up a town on loopback, in plain http: a portal, an identity provider,
a gateway and MCP servers. Ctrl-C takes it down and leaves nothing behind.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return up(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), o)
		},
	}
	c.Flags().StringVar(&o.world, "world", "everyday", "the world to build, one of "+fmt.Sprint(fixtures.Worlds()))
	c.Flags().StringVar(&o.revision, "revision", "", "the only protocol revision the servers speak (default both)")
	c.Flags().IntVar(&o.port, "port", firstPort, "first of the town's TCP ports; 0: free ones")
	c.Flags().BoolVar(&o.json, "json", false, "print one line of JSON in place of the table")
	return c
}

func up(ctx context.Context, out, complaints io.Writer, o upOptions) error {
	world, err := fixtures.LoadWorld(o.world)
	if err != nil {
		return usage("%s%s", err, didYouMean(nearest(o.world, fixtures.Worlds())))
	}
	if o.revision != "" && !slices.Contains(scenarios.Revisions, o.revision) {
		return usage("unknown revision %q; there are %v", o.revision, scenarios.Revisions)
	}
	if o.port < 0 || o.port > 65000 {
		return usage("--port %d is no TCP port", o.port)
	}
	if err := inprocess.Warm(); err != nil {
		return notRun(err)
	}
	n := network.Loopback(network.LoopbackConfig{Ports: ports(world, o.port)})
	log := slog.New(slog.NewTextHandler(complaints, &slog.HandlerOptions{Level: slog.LevelWarn}))
	built, err := inprocess.OpenOn(ctx, town.Config{Network: n, World: world, Revision: o.revision}, log)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return notRun(fmt.Errorf("%w\n--port N begins elsewhere, --port 0 takes free ports", err))
	}
	defer built.Close()
	ready := process.Ready{
		Endpoint: built.Endpoint, Origins: built.Origins, Addresses: built.Addresses, Refused: built.Refused, Admin: built.Admin,
		Control: process.Control{Token: rand.Text()},
	}
	stop, err := control(&ready, process.Handler(&built.Town, n.Began, ready.Control.Token))
	if err != nil {
		return notRun(err)
	}
	defer stop()
	if o.json {
		err = json.NewEncoder(out).Encode(ready)
	} else {
		err = table(out, world, ready)
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// control serves the town's control port, on loopback only.
func control(ready *process.Ready, h http.Handler) (stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("control port: %w", err)
	}
	ready.Control.URL = "http://" + l.Addr().String()
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(l) }()
	return func() { _ = server.Close() }, nil
}

// ports numbers the town's parties from the first port on, always in the same
// order; nil takes free ones.
func ports(w fixtures.World, first int) network.Ports {
	if first == 0 {
		return nil
	}
	parties := []trace.Party{"access", "portal", "admin", "idp", "gateway"}
	for _, s := range w.Servers {
		parties = append(parties, trace.Party(s.ID))
		if s.Auth == fixtures.OAuth {
			parties = append(parties, trace.Party(s.ID+"-as"))
		}
	}
	numbered := network.Ports{}
	for i, p := range parties {
		numbered[p] = first + i
	}
	return numbered
}

func table(out io.Writer, w fixtures.World, ready process.Ready) error {
	fmt.Fprintf(out, "%s\n\n", w.Purpose)
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "MCP endpoint\t%s\n", ready.Endpoint)
	for _, party := range sorted(ready.Origins) {
		fmt.Fprintf(t, "%s\t%s\n", party, ready.Origins[party])
	}
	fmt.Fprintf(t, "admin token\t%s\n", ready.Admin.Token)
	for _, id := range sorted(ready.Refused) {
		fmt.Fprintf(t, "not taken\t%s: %s\n", id, ready.Refused[id])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nPeople sign in with name and password:")
	for _, id := range w.People {
		p, err := fixtures.LoadPerson(id)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "    %s   %s\n", p.Email, p.Password)
	}
	fmt.Fprintf(out, "\nWhat everybody saw:\n    curl -H %s %s\n\nCtrl-C takes the town down.\n",
		strconv.Quote("Authorization: Bearer "+ready.Control.Token), ready.Control.URL+"/journal")
	return nil
}

func sorted[K ~string, V any](m map[K]V) []K {
	var keys []K
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
