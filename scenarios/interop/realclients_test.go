package interop_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/trace"
)

// door is what a client is given of a town: where it is, a folder of its own
// for what it keeps, and what opens an address in alice's browser.
type door struct {
	endpoint, kept string
	open           func(address string)
}

// connector connects a client; one that connects again finds what it kept.
type connector func(*testing.T, context.Context, door) (conversation, error)

// conversation is a connected client.
type conversation interface {
	tools(context.Context) ([]string, error)
	call(ctx context.Context, tool string, args map[string]any) (string, error)
	close() error
}

// realClient is a client that nobody here wrote.
type realClient struct {
	name, version string
	revision      string // that it is asked to speak
	connect       connector
}

func realClients(t *testing.T) []realClient {
	t.Helper()
	const old, new = "2025-11-25", "2026-07-28"
	remote, goVersion := npmVersion(t, "mcp-remote"), goSDKVersion(t)
	return []realClient{
		{"mcp-remote", remote, old, connectMCPRemote()},
		{"mcp-remote, protocol auto", remote, new, connectMCPRemote("--protocol", "auto")},
		{"Go SDK", goVersion, old, connectGoSDK(old)},
		{"Go SDK", goVersion, new, connectGoSDK(new)},
		{"TypeScript SDK", npmVersion(t, "@modelcontextprotocol/sdk"), old, connectTypeScript("sdk", old)},
		{"TypeScript SDK", npmVersion(t, "@modelcontextprotocol/client"), new, connectTypeScript("client", new)},
	}
}

// npmVersion is the version of what npm installed here.
func npmVersion(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(installed(t, name, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var described struct{ Version string }
	if err := json.Unmarshal(b, &described); err != nil {
		t.Fatal(err)
	}
	return described.Version
}

var goSDKRequired = regexp.MustCompile(`github.com/modelcontextprotocol/go-sdk v(\S+)`)

func goSDKVersion(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := goSDKRequired.FindSubmatch(b)
	if found == nil {
		t.Fatal("go.mod does not require the Go SDK")
	}
	return string(found[1])
}

// Every client finds the door by itself, signs alice in through a real
// browser, and sees what all others see: at first, after its access token has
// ended, and after the town was started anew. How it went about that is a
// verdict on the client, not on the town.
func TestRealClientsSeeTheSame(t *testing.T) {
	survives, clients := has(t, "do"), realClients(t)
	var table verdicts
	for _, c := range clients {
		t.Run(c.name+" "+c.revision, func(t *testing.T) {
			v := arrive(t, c, survives)
			v.seesTheSame("at first")
			v.seen.arrival = v.since(-1)
			if survives {
				v.outlivesItsToken()
				v.outlivesTheTown()
			}
			v.leave()
			if !t.Failed() {
				table = append(table, judge(c, v.seen)...)
			}
		})
	}
	if !survives {
		t.Run("expired tokens and restarts", func(t *testing.T) {
			t.Skip("this portico has no `portico do`: expired tokens and restarts are not tested")
		})
	}
	if len(table) == 0 {
		return // every client was skipped, or failed, and said why
	}
	table.report(t)
	if *update {
		table.write(t, len(clients)*len(rules))
		return
	}
	table.compare(t)
}

// visit is a client's stay in a town of its own.
type visit struct {
	t      *testing.T
	ctx    context.Context
	client realClient
	args   []string // of `portico up`
	state  string   // the town's folder; empty if it keeps nothing
	town   *town
	door   door
	talk   conversation
	opened atomic.Int32 // addresses opened in the browser
	seen   observation
}

// observation is what the town saw of a client, and how often its person had
// to act.
type observation struct {
	endpoint, revision string

	arrival []trace.Exchange // until the first answers
	expired []trace.Exchange // after the access token ended
	living  []trace.Exchange // the connected client after the restart
	last    []trace.Exchange // the last connection, to its end
	broke   error            // the connected client's after the restart

	openedExpired, openedLast int32

	survives bool // whether tokens ended and the town was started anew
}

func arrive(t *testing.T, c realClient, survives bool) *visit {
	browser := chromium(t)
	v := &visit{t: t, client: c, args: []string{"--port", "0"}}
	if survives {
		v.state = t.TempDir()
		v.args = []string{"--port", freePorts(t), "--state", v.state}
	}
	v.town = up(t, v.args...)
	limit, end := context.WithTimeout(t.Context(), 80*time.Second)
	t.Cleanup(end)
	ctx, cancel := context.WithCancelCause(limit)
	t.Cleanup(func() { cancel(nil) })
	v.ctx = ctx
	v.seen.survives, v.seen.endpoint = survives, v.town.Endpoint
	v.door = door{endpoint: v.town.Endpoint, kept: t.TempDir(), open: func(address string) {
		v.opened.Add(1)
		pages := filepath.Join("../../out/pages", c.name+" "+c.revision)
		if err := signIn(browser, address, "alice@town.example", "alice-likes-badgers", pages); err != nil {
			cancel(fmt.Errorf("sign in: %w", err))
		}
	}}
	v.connect()
	return v
}

func (v *visit) connect() {
	v.t.Helper()
	talk, err := v.client.connect(v.t, v.ctx, v.door)
	if err != nil {
		v.t.Fatalf("connect: %v (%v)", err, context.Cause(v.ctx))
	}
	v.talk = talk
}

// everydayTools is what the everyday world offers alice.
var everydayTools = []string{
	"mail_send", "mail_whoami", "tickets_create", "tickets_whoami",
	"wiki_count", "wiki_echo", "wiki_fail", "wiki_refuse", "wiki_search", "wiki_whoami",
}

// everydayAnswers is what the tools answer to everydayArgs.
var everydayAnswers = map[string]string{
	"wiki_search": "3 pages about badgers", "tickets_create": "ticket opened, badgers", "mail_whoami": "alice",
}

var everydayArgs = map[string]map[string]any{
	"wiki_search": {"query": "badgers"}, "tickets_create": {"title": "badgers"}, "mail_whoami": {},
}

func (v *visit) seesTheSame(when string) {
	v.t.Helper()
	tools, err := v.talk.tools(v.ctx)
	if err != nil {
		v.t.Fatalf("%s: list tools: %v (%v)", when, err, context.Cause(v.ctx))
	}
	slices.Sort(tools)
	if diff := gocmp.Diff(everydayTools, tools); diff != "" {
		v.t.Errorf("%s: tools (-want +got):\n%s", when, diff)
	}
	got := map[string]string{}
	for tool, args := range everydayArgs {
		text, err := v.talk.call(v.ctx, tool, args)
		if err != nil {
			v.t.Errorf("%s: %s: %v (%v)", when, tool, err, context.Cause(v.ctx))
		}
		got[tool] = text
	}
	if diff := gocmp.Diff(everydayAnswers, got); diff != "" {
		v.t.Errorf("%s: answers (-want +got):\n%s", when, diff)
	}
}

// since is what was seen after a moment, in the order of sending. The numbers of
// a trace are no moments: they are given anew in every answer.
func (v *visit) since(moment time.Duration) []trace.Exchange {
	v.t.Helper()
	all := v.town.journal(v.t).Filter(func(e trace.Exchange) bool { return e.After > moment }).Exchanges
	slices.SortStableFunc(all, func(a, b trace.Exchange) int { return cmp.Compare(a.After, b.After) })
	return all
}

// now is the moment of the latest exchange.
func (v *visit) now() time.Duration {
	v.t.Helper()
	all := v.since(-1)
	if len(all) == 0 {
		v.t.Fatal("the town saw nothing: it cannot judge a client")
	}
	return all[len(all)-1].After
}

// outlivesItsToken ends alice's access tokens, at the door and at the servers.
func (v *visit) outlivesItsToken() {
	v.t.Helper()
	before, opened := v.now(), v.opened.Load()
	if out, err := exec.Command(program(v.t), "do", "expire", "alice", "--state", v.state).CombinedOutput(); err != nil {
		v.t.Fatalf("portico do expire: %v\n%s", err, out)
	}
	v.seesTheSame("after the access token ended")
	v.seen.expired, v.seen.openedExpired = v.since(before), v.opened.Load()-opened
}

// outlivesTheTown starts the town anew, and asks first the client that is
// connected, then one that connects with what the first kept.
func (v *visit) outlivesTheTown() {
	v.t.Helper()
	v.town.down(v.t)
	v.town = up(v.t, v.args...)
	_, v.seen.broke = v.talk.call(v.ctx, "wiki_search", everydayArgs["wiki_search"])
	v.seen.living = v.since(-1)
	_ = v.talk.close() // its session may be gone
	before, opened := v.now(), v.opened.Load()
	v.connect()
	v.seesTheSame("after the town was started anew")
	v.seen.last, v.seen.openedLast = v.since(before), v.opened.Load()-opened
}

// leave closes the client, and keeps what the town saw of that.
func (v *visit) leave() {
	v.t.Helper()
	before := v.now()
	if err := v.talk.close(); err != nil {
		v.t.Errorf("close: %v", err)
	}
	v.seen.last = append(v.seen.last, v.since(before)...)
}
