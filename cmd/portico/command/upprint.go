package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/probe"
	"github.com/portico-mcp/portico/simulators/trace"
)

// table says where everything is, for people.
func table(out io.Writer, w fixtures.World, ready live.Ready) error {
	fmt.Fprintf(out, "%s\n\n", w.Purpose)
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "MCP endpoint\t%s\n", ready.Endpoint)
	fmt.Fprintf(t, "the town's page\t%s/open?token=%s\n", pageOrigin(ready.Control.URL), ready.Control.Token)
	for _, party := range sorted(ready.Origins) {
		fmt.Fprintf(t, "%s\t%s\n", party, ready.Origins[party])
	}
	for _, s := range w.Servers {
		if s.URL != "" {
			fmt.Fprintf(t, "%s\t%s\n", s.ID, s.URL)
		}
	}
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
	if ready.CA != "" {
		fmt.Fprintf(out, "\nTrust the town's certificates with %[1]s: NODE_EXTRA_CA_CERTS=%[1]s for Node,\nSSL_CERT_FILE=%[1]s for Go and Python, curl --cacert %[1]s, or your system's store.\n", ready.CA)
	}
	fmt.Fprintf(out, "\nIn another terminal: portico connect CLIENT, portico call wiki_search query=badgers,\nportico do expire alice, portico break --list. Ctrl-C takes the town down.\n\n")
	return nil
}

// pageOrigin is the control port by another name than the town's parties have:
// cookies know no ports, and the page's is nobody else's business.
func pageOrigin(control string) string { return strings.Replace(control, "127.0.0.1", "localhost", 1) }

func sorted[K ~string, V any](m map[K]V) []K {
	var keys []K
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// lines is what happened, a line per exchange that has ended.
func (o upOptions) lines(news network.News, roles map[trace.Party]trace.Role) string {
	var b strings.Builder
	if news.Missed {
		fmt.Fprintf(&b, "%s\n", o.missed(news.Dropped))
	}
	for _, s := range news.Seen {
		switch {
		case s.Answered == 0 && s.Failure == "":
		case o.json:
			line, err := json.Marshal(map[string]network.Seen{"exchange": s})
			if err == nil {
				b.Write(append(line, '\n'))
			}
		default:
			b.WriteString(live.Line(s, roles) + "\n")
		}
	}
	return b.String()
}

func (o upOptions) missed(dropped int) string {
	if o.json {
		return fmt.Sprintf(`{"missed":true,"dropped":%d}`, dropped)
	}
	return fmt.Sprintf("… more happened than is kept: %d exchanges were given up so far", dropped)
}

// look says what a server is that is no simulator, and what will go wrong.
func (o upOptions) look(ctx context.Context, t *live.Town, s fixtures.Server) string {
	c := probe.Config{ID: s.ID, URL: s.URL, HTTP: t.Network.Unseen()}
	if s.Auth == fixtures.Bearer {
		if put, err := credential.Static(credential.Secret(s.Credential)); err == nil {
			c.Authorize = func(h http.Header) { _ = put(ctx, h) }
		}
	}
	report, err := probe.Look(ctx, c)
	if o.json {
		return reportLine(s.ID, report, err)
	}
	if err != nil {
		return fmt.Sprintf("%s: %s\nthen: portico do sync %s\n\n", s.ID, err, s.ID)
	}
	var b strings.Builder
	_ = report.Write(&b)
	if s.Auth == fixtures.OAuth {
		b.WriteString(waitsForAdmin(ctx, t, s))
	}
	return b.String() + "\n"
}

func reportLine(id string, report probe.Report, err error) string {
	said := map[string]any{"upstream": id, "report": report}
	if err != nil {
		said = map[string]any{"upstream": id, "error": err.Error()}
	}
	line, err := json.Marshal(said)
	if err != nil {
		return ""
	}
	return string(line) + "\n"
}

// waitsForAdmin is where the admin of the portal goes to authorize it at a
// server: its tools are listed with that credential.
func waitsForAdmin(ctx context.Context, t *live.Town, s fixtures.Server) string {
	address, err := t.Authorization(ctx, s.ID)
	if err != nil {
		return fmt.Sprintf("the admin cannot authorize the portal at %s: %s\n", s.ID, err)
	}
	return fmt.Sprintf("the portal lists %s's tools when its admin has authorized it there: open %s\n", s.ID, address)
}
