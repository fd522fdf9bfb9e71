package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/simulators/network"
)

// upOptions are the flags of `portico up`.
type upOptions struct {
	world, config, revision string
	upstreams, public       []string
	port, control           int
	listen, advertise       string
	tls                     bool
	state                   string
	fresh, json, quiet      bool
}

const (
	firstPort = 7800 // where the town's fixed ports begin; the one before is the control port's
	stateName = ".portico"
)

func upCommand() *cobra.Command {
	var o upOptions
	c := &cobra.Command{
		Use:   "up",
		Short: "Stand up a town on this machine: the portal and everything it meets",
		Long: `Stand up a town on this machine: a portal, an identity provider, a gateway and
MCP servers, in plain http on fixed ports. It prints a line per hop, has a page
with hands on it, and takes orders from other terminals (portico do, call,
break). Ctrl-C takes it down; the next one remembers keys, registrations and
grants, so that a client stays connected.`,
		Example: `  portico up
  portico up --upstream mine=http://localhost:3000/mcp
  portico up --upstream mine=https://mcp.example/mcp,oauth
  portico up --upstream mine=http://localhost:3000/mcp,bearer-env=MINE_TOKEN
  portico up --config world.yaml --tls`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.defaults(c.Flags().Changed)
			return up(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), o)
		},
	}
	o.flags(c)
	return c
}

func (o *upOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.world, "world", "everyday", "the world to build, one of "+fmt.Sprint(fixtures.Worlds()))
	f.StringVar(&o.config, "config", "", "a file with a world of your own, in place of --world")
	f.StringArrayVar(&o.upstreams, "upstream", nil, "a server of yours behind the portal: ID=URL, and after commas bearer=TOKEN, bearer-env=VAR, oauth, oauth-shared, client-id=, client-secret-env=")
	f.StringVar(&o.revision, "revision", "", "the only protocol revision the servers speak (default both)")
	f.IntVar(&o.port, "port", firstPort, "first of the town's TCP ports; 0: free ones")
	f.IntVar(&o.control, "control-port", firstPort-1, "TCP port of the page and the control API, on loopback only; 0: a free one")
	f.StringVar(&o.listen, "listen", "127.0.0.1", "IP address the town listens on; 0.0.0.0: every one")
	f.StringVar(&o.advertise, "advertise", "", "host name by which containers or other machines reach the town (needs --tls)")
	f.StringArrayVar(&o.public, "public-url", nil, "public origin of a tunnel that leads here: https://… for the front door, PARTY=https://… for another party")
	f.BoolVar(&o.tls, "tls", false, "https everywhere, with a certificate authority of the town's own")
	f.StringVar(&o.state, "state", stateName, "folder that keeps keys, registrations and grants (with --port 0 nothing is kept unless this is given)")
	f.BoolVar(&o.fresh, "fresh", false, "forget what the folder keeps")
	f.BoolVar(&o.json, "json", false, "print lines of JSON: where everything is, then each exchange")
	f.BoolVar(&o.quiet, "quiet", false, "print no line per hop")
}

// defaults are those that depend on other flags: on free ports yesterday's
// registrations are of no use.
func (o *upOptions) defaults(given func(string) bool) {
	if o.port == 0 && !given("state") {
		o.state = ""
	}
	if !given("control-port") {
		o.control = max(0, o.port-1)
	}
}

func up(ctx context.Context, out, complaints io.Writer, o upOptions) error {
	c, err := o.read()
	if err != nil {
		return err
	}
	if c.Folder, err = o.folder(); err != nil {
		return notRun(err)
	}
	c.Log = slog.New(slog.NewTextHandler(complaints, &slog.HandlerOptions{Level: slog.LevelError}))
	t, err := live.Open(ctx, c)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return notRun(fmt.Errorf("%w%s", err, wayOut(err)))
	}
	defer t.Close()
	ready, stop, err := o.serveControl(t, c)
	if err != nil {
		return notRun(err)
	}
	defer stop()
	if err := o.announce(out, t, ready); err != nil {
		return err
	}
	o.report(ctx, out, t)
	<-ctx.Done()
	return nil
}

// report follows what happens, and looks at the servers that are no simulators,
// until ctx ends.
func (o upOptions) report(ctx context.Context, out io.Writer, t *live.Town) {
	said := make(chan string)
	go func() {
		for text := range said { // one writer: lines stay whole
			if _, err := io.WriteString(out, text); err != nil {
				return
			}
		}
	}()
	say := func(text string) bool {
		select {
		case said <- text:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for _, s := range t.World.Servers {
		if s.URL != "" && t.Refused[s.ID] == "" {
			go func() { say(o.look(ctx, t, s)) }()
		}
	}
	if o.quiet {
		return
	}
	if !o.json {
		go t.Broken(ctx, func(f live.Finding) bool { return say(brokenLine(f)) })
	}
	go t.Follow(ctx, t.Network.Latest(), func(news network.News) bool { return say(o.lines(news, t.Network.Roles())) })
}

// folder is what outlives the town; nil: nothing.
func (o upOptions) folder() (*live.Folder, error) {
	if o.state == "" {
		return nil, nil
	}
	f, err := live.OpenFolder(o.state)
	if err != nil {
		return nil, fmt.Errorf("%w\nstop it, or give this one a folder of its own: --state DIR", err)
	}
	if o.fresh {
		err = f.Forget()
	}
	return f, err
}

// wayOut is what to do about an error of opening a town.
func wayOut(err error) string {
	if errors.Is(err, syscall.EADDRINUSE) {
		return "\n--port N begins elsewhere, --port 0 takes free ports"
	}
	return ""
}

// serveControl serves the town's control port, on loopback only, and says where
// everything is.
func (o upOptions) serveControl(t *live.Town, c live.Config) (live.Ready, func(), error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.control)))
	if err != nil {
		return live.Ready{}, nil, fmt.Errorf("control port: %w\n--control-port N puts it elsewhere, 0 takes a free one", err)
	}
	ready := live.Ready{
		Portal: "portico reference " + portal.Version, Revision: o.revision,
		Endpoint: t.Endpoint, Origins: t.Origins, Addresses: t.Addresses, Refused: t.Refused, Admin: t.Admin,
		Control: live.Address{URL: "http://" + l.Addr().String(), Token: t.Token},
	}
	if ready.CA, err = t.ShowAuthority(c.Folder); err != nil {
		_ = l.Close()
		return live.Ready{}, nil, err
	}
	if c.Folder != nil {
		ready.Folder = c.Folder.Path()
		if err := c.Folder.Announce(ready.Control); err != nil {
			_ = l.Close()
			return live.Ready{}, nil, err
		}
	}
	ending, end := context.WithCancel(context.Background())
	server := &http.Server{
		Handler: live.Handler(t, ready), ReadHeaderTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ending }, // streams end with the town
	}
	go func() { _ = server.Serve(l) }()
	return ready, func() {
		if c.Folder != nil {
			c.Folder.Depart()
		}
		end()
		_ = server.Close()
	}, nil
}

func (o upOptions) announce(out io.Writer, t *live.Town, ready live.Ready) error {
	if o.json {
		return json.NewEncoder(out).Encode(ready)
	}
	return table(out, t.World, ready)
}

func (o upOptions) checkFlags() error {
	switch {
	case o.revision != "" && !slices.Contains(scenarios.Revisions, o.revision):
		return usage("unknown revision %q; there are %v", o.revision, scenarios.Revisions)
	case o.port < 0 || o.port > 65000:
		return usage("--port %d is no TCP port", o.port)
	case o.control < 0 || o.control > 65535:
		return usage("--control-port %d is no TCP port", o.control)
	case net.ParseIP(o.listen) == nil:
		return usage("--listen %q is no IP address; 0.0.0.0 is every one, and --advertise takes names", o.listen)
	case o.advertise != "" && !o.tls:
		return usage("--advertise needs --tls: OAuth allows plain http on loopback only (RFC 8252 §8.3, MCP Authorization)")
	case o.fresh && o.state == "":
		return usage("--fresh without a folder: with --port 0 nothing is kept")
	}
	return nil
}
