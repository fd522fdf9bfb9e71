package live_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/trace"
)

// patience is how long anything may take, races and all, before the test gives
// it up.
const patience = 20 * time.Second

// neighbourhood is an open town and its control port.
type neighbourhood struct {
	*live.Town
	t       *testing.T
	control *httptest.Server
}

// soon says whether something comes true before patience ends.
func soon(holds func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); runtime.Gosched() {
		if holds() {
			return true
		}
	}
	return false
}

// within is the test's context, and ends after patience: what hangs fails where
// it hangs.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// open opens a town of the everyday world and serves its control port. Both end
// with the test.
func open(t *testing.T, change ...func(*live.Config)) *neighbourhood {
	t.Helper()
	town := stand(t, change...)
	t.Cleanup(town.Close)
	ready := live.Ready{
		Portal: "portico", Endpoint: town.Endpoint, Origins: town.Origins, Addresses: town.Addresses, Refused: town.Refused, Admin: town.Admin,
	}
	control := httptest.NewServer(live.Handler(town, ready))
	t.Cleanup(control.Close)
	return &neighbourhood{town, t, control}
}

// stand opens a town that the test closes by itself.
func stand(t *testing.T, change ...func(*live.Config)) *live.Town {
	t.Helper()
	c := config(t, change...)
	town, err := live.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return town
}

func config(t *testing.T, change ...func(*live.Config)) live.Config {
	t.Helper()
	if err := inprocess.Warm(); err != nil {
		t.Fatal(err)
	}
	world, err := fixtures.LoadWorld("everyday")
	if err != nil {
		t.Fatal(err)
	}
	c := live.Config{World: world}
	for _, each := range change {
		each(&c)
	}
	return c
}

// send asks the control port something, with its token unless edit says
// otherwise, and gives the answer as it came.
func (n *neighbourhood) send(method, path string, body any, edit ...func(*http.Request)) (int, []byte) {
	n.t.Helper()
	var sent []byte
	switch body := body.(type) {
	case nil:
	case string:
		sent = []byte(body)
	default:
		sent = n.write(body)
	}
	req, err := http.NewRequestWithContext(within(n.t), method, n.control.URL+path, bytes.NewReader(sent))
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+n.Token)
	for _, each := range edit {
		each(req)
	}
	res, err := n.control.Client().Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return res.StatusCode, said
}

func (n *neighbourhood) write(v any) []byte {
	n.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		n.t.Fatal(err)
	}
	return b
}

// ask is send of what must succeed, and reads the answer unless into is nil.
func (n *neighbourhood) ask(method, path string, body, into any) {
	n.t.Helper()
	status, said := n.send(method, path, body)
	if status/100 != 2 {
		n.t.Fatalf("%s %s: %d %s", method, path, status, said)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(said, into); err != nil {
		n.t.Fatalf("%s %s: %v: %s", method, path, err, said)
	}
}

// order does something to the town as the command line would.
func (n *neighbourhood) order(verb string, args ...string) {
	n.t.Helper()
	n.fault(verb, live.Order{Args: args})
}

// fault is order with what only faults take.
func (n *neighbourhood) fault(verb string, o live.Order) {
	n.t.Helper()
	var did struct{ Said string }
	if n.ask(http.MethodPost, "/do/"+verb, o, &did); did.Said == "" {
		n.t.Errorf("%s says nothing of what it did", verb)
	}
}

// call calls a tool as alice, in the revision of today.
func (n *neighbourhood) call(tool string) outcome {
	n.t.Helper()
	return n.callAs(live.Call{As: "alice", Tool: tool})
}

// callAs calls a tool as the Call says, and gives up after patience.
func (n *neighbourhood) callAs(c live.Call) outcome {
	n.t.Helper()
	return n.callFor(patience, c)
}

// callFor calls a tool and gives up after a time, as a person does.
func (n *neighbourhood) callFor(time time.Duration, c live.Call) outcome {
	n.t.Helper()
	if c.Args == nil {
		c.Args = map[string]any{"query": "badgers", "to": "bob", "title": "a badger"}
	}
	ctx, cancel := context.WithTimeout(n.t.Context(), time)
	defer cancel()
	before := n.Network.Latest()
	called, err := n.CallTool(ctx, c)
	if err != nil {
		n.t.Fatal(err)
	}
	return outcome{called, seen{n.t, n.since(before)}}
}

// well calls a tool that must answer.
func (n *neighbourhood) well(tool string) outcome {
	n.t.Helper()
	return n.wellAs(live.Call{As: "alice", Tool: tool})
}

func (n *neighbourhood) wellAs(c live.Call) outcome {
	n.t.Helper()
	o := n.callAs(c)
	if o.Error != "" || o.IsError || o.Text == "" {
		n.t.Fatalf("%s as %s: %q, error %q\n%s", c.Tool, c.As, o.Text, o.Error, o.seen)
	}
	return o
}

// since is what began after an event.
func (n *neighbourhood) since(event int) []trace.Exchange {
	var all []trace.Exchange
	for _, s := range n.Network.News(event, 0).Seen {
		if s.Sent > event {
			all = append(all, s.Exchange)
		}
	}
	slices.SortFunc(all, func(a, b trace.Exchange) int { return a.Sent - b.Sent })
	return all
}

// others says that servers answer as ever.
func (n *neighbourhood) others(except string) {
	n.t.Helper()
	for _, tool := range []string{"wiki_search", "tickets_create", "mail_whoami"} {
		if !strings.HasPrefix(tool, except+"_") {
			n.well(tool)
		}
	}
}

// outcome is what a call came to, and what was seen of it.
type outcome struct {
	live.Called
	seen
}

// says wants a call to have ended in an error that says so.
func (o outcome) says(want string) {
	o.t.Helper()
	if told := o.Error + o.Text; !strings.Contains(told, want) || o.Error == "" && !o.IsError {
		o.t.Errorf("the client is told %q (a result that failed: %t), want something with %q\n%s", told, o.IsError, want, o.seen)
	}
}

// seen is a stretch of what happened.
type seen struct {
	t   *testing.T
	all []trace.Exchange
}

// String is a line for each exchange.
func (s seen) String() string {
	var b strings.Builder
	for _, e := range s.all {
		fmt.Fprintf(&b, "%3d  %s → %s  %s %s %s %s  %d %s\n", e.Sent, e.From, e.To, e.Request.Method, e.Path(), e.Asked().Method, e.Asked().Name(), e.Status(), e.Failure)
	}
	return b.String()
}

// matching are the exchanges that hold the terms of a live.Match.
func (s seen) matching(terms string) []trace.Exchange {
	s.t.Helper()
	m, err := live.ParseMatch(terms)
	if err != nil {
		s.t.Fatal(err)
	}
	var all []trace.Exchange
	for _, e := range s.all {
		if holds, _ := m.Holds(e); holds {
			all = append(all, e)
		}
	}
	return all
}

// has wants so many exchanges that hold the terms.
func (s seen) has(count int, terms string) {
	s.t.Helper()
	if got := s.matching(terms); len(got) != count {
		s.t.Errorf("%d exchanges with %q, want %d\n%s", len(got), terms, count, s)
	}
}

// refreshes are the tokens that a party refreshed at another.
func (s seen) refreshes(from, to trace.Party) (n int) {
	for _, e := range s.all {
		if e.From == from && e.To == to && strings.Contains(e.Request.Body, "grant_type=refresh_token") {
			n++
		}
	}
	return n
}

// signIns are the pages in which somebody typed a password, by the party that
// heard it.
func (s seen) signIns(at trace.Party) (n int) {
	for _, e := range s.all {
		if e.To == at && e.Request.Method == http.MethodPost && strings.Contains(e.Request.Body, "password=") {
			n++
		}
	}
	return n
}

// guest is a client of somebody's own, outside the town's, that speaks a
// revision.
func guest(t *testing.T, n *live.Town, person, revision string, known *client.Credentials) *client.Client {
	t.Helper()
	p, err := fixtures.LoadPerson(person)
	if err != nil {
		t.Fatal(err)
	}
	dial, err := n.Client(trace.Party(person), trace.Client)
	if err != nil {
		t.Fatal(err)
	}
	surf, err := n.Client(trace.Party(person+".browser"), trace.Browser)
	if err != nil {
		t.Fatal(err)
	}
	return client.New(client.Config{
		Endpoint: n.Endpoint, Revision: revision, Name: person + "'s own", HTTP: dial, Credentials: known,
		Browser: client.NewBrowser(surf, client.Login{Username: p.Email, Password: p.Password}),
	})
}

func connect(t *testing.T, c *client.Client) *client.Session {
	t.Helper()
	s, err := c.Connect(within(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}
