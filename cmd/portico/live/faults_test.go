package live_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/simulators/client"
)

// befalls sets a fault at wiki and wants the client to be told, the others not
// to notice, and the cure to work.
func befalls(t *testing.T, kind, told string) *neighbourhood {
	t.Helper()
	n := open(t)
	n.others("")

	n.order(kind, "wiki")

	o := n.call("wiki_search")
	o.says(told)
	o.has(1, "from=portal to=wiki method=tools/call")
	n.others("wiki")
	n.order("clear", "wiki")
	n.well("wiki_search")
	return n
}

func dropIsSeen(t *testing.T)   { befalls(t, "drop", `server "wiki" could not be reached`) }
func cutIsSeen(t *testing.T)    { befalls(t, "cut", `server "wiki" broke off before its answer`) }
func garbleIsSeen(t *testing.T) { befalls(t, "garble", `server "wiki" did not answer as MCP asks`) }
func emptyIsSeen(t *testing.T)  { befalls(t, "empty", `server "wiki" did not answer as MCP asks`) }
func refuseIsSeen(t *testing.T) {
	befalls(t, "refuse", "JSON-RPC error -32603: the server has a fault")
}

func failIsSeen(t *testing.T) {
	n := befalls(t, "fail", `server "wiki" answered with HTTP status 500`)

	n.fault("fail", live.Order{Args: []string{"wiki", "503"}, Times: 2})
	n.call("wiki_search").says("HTTP status 503")
	n.call("wiki_whoami").says("HTTP status 503")
	n.well("wiki_search") // twice it was

	n.fault("fail", live.Order{Args: []string{"tickets", "401"}, Times: 1, Spares: 1})
	n.well("tickets_create") // spared
	n.call("tickets_create").says(`"tickets" does not accept the portal's credential`)
	n.well("tickets_create")

	n.fault("fail", live.Order{Args: []string{"wiki"}, On: "tools/list"})
	n.well("wiki_search")
	n.order("sync", "wiki")
	if s := n.server("wiki"); !strings.Contains(s.Error, "500") || len(s.Faults) != 1 || s.Faults[0].Struck != 1 {
		t.Errorf("wiki is %q: %s, faults %v", s.Status.Status, s.Error, s.Faults)
	}
	n.order("clear")

	n.fault("fail", live.Order{Args: []string{"mail-as", "500"}, On: "/token"})
	n.order("expire", "alice")
	n.call("mail_whoami").says(`the authorization server of "mail" did not answer`)
	n.others("mail")
	n.order("clear")
	n.well("mail_whoami") // the grant was kept

	n.order("fail", "access", "502")
	n.call("wiki_search").says("502")
	n.order("clear")
	n.order("fail", "idp", "503")
	n.others("") // who has signed in needs it no more
	if o := n.callAs(live.Call{As: "bob", Tool: "wiki_search"}); o.Error == "" {
		t.Errorf("bob signed in without an identity provider\n%s", o.seen)
	}
	chanceIsSeen(t, n)
}

// Equal seeds strike the same requests.
func chanceIsSeen(t *testing.T, n *neighbourhood) {
	t.Helper()
	run := func(seed uint64) string {
		n.order("clear")
		n.fault("fail", live.Order{Args: []string{"wiki"}, Chance: 0.5, Seed: seed})
		var all []outcome
		for range 16 {
			all = append(all, n.call("wiki_search"))
		}
		return kindsOf(all)
	}
	once, again, other := run(7), run(7), run(8)
	if once != again || once == other || !strings.Contains(once, "x") || !strings.Contains(once, ".") {
		t.Errorf("seed 7 strikes %s, then %s; seed 8 strikes %s", once, again, other)
	}
}

func slowIsSeen(t *testing.T) {
	n := open(t)
	n.others("")
	const wait = 400 * time.Millisecond

	n.order("slow", "wiki", wait.String())

	o := n.well("wiki_search")
	hop := o.matching("from=portal to=wiki method=tools/call status=200")
	if len(hop) != 1 || hop[0].Took < wait {
		t.Errorf("wiki was not slow\n%s", o.seen)
	}
	n.order("clear")
	n.order("slow", "wiki", "1h") // whoever waited for wiki would be noticed
	n.others("wiki")
	n.callFor(time.Second/5, live.Call{As: "alice", Tool: "wiki_search"}).says("deadline exceeded")
}

func hangIsSeen(t *testing.T) {
	n := open(t)
	n.others("")

	n.order("hang", "wiki")

	o := n.callFor(time.Second/2, live.Call{As: "alice", Tool: "wiki_search"})
	o.says("deadline exceeded")
	o.has(1, "from=portal to=wiki method=tools/call status=0")
	n.others("wiki")
	n.order("clear", "wiki")
	n.well("wiki_search")
}

func lostSessionIsSeen(t *testing.T) {
	n := open(t, stateful)
	s := connect(t, guest(t, n.Town, "alice", client.Stateful, nil))
	ask := func() (seen, error) {
		before := n.Network.Latest()
		_, err := s.Call(within(t), "wiki_search", map[string]string{"query": "badgers"})
		return seen{t, n.since(before)}, err
	}
	if _, err := ask(); err != nil {
		t.Fatal(err)
	}

	n.fault("lose-session", live.Order{Args: []string{"wiki"}, Times: 1})

	healed, err := ask()
	if err != nil {
		t.Errorf("the portal does not heal: %v", err)
	}
	healed.has(1, "from=portal to=wiki status=404")
	healed.has(1, "from=portal to=wiki method=initialize status=200")
	healed.has(1, "from=portal to=wiki method=tools/call status=200")
	healed.has(0, "from=alice status=404")
	n.others("wiki")

	n.fault("lose-session", live.Order{Args: []string{"access"}, Times: 1})
	if lost, err := ask(); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("the client's own session is lost, and it is told %v\n%s", err, lost)
	}
}

func refusedRefreshIsSeen(t *testing.T) {
	n := open(t)
	n.others("")
	n.order("refuse-refresh", "mail") // its authorization server is meant
	n.others("")                      // nothing was to be refreshed

	n.order("expire", "alice")

	o := n.call("mail_whoami")
	o.says("needs your authorization")
	o.has(1, "from=portal to=mail-as http=POST status=400")
	n.others("mail")
	n.order("clear")
	n.order("connect", "alice")
	n.well("mail_whoami")

	n.order("refuse-refresh", "access")
	n.order("expire", "alice")
	before := n.Network.Latest()
	n.call("wiki_search")
	refused := seen{t, n.since(before)}
	refused.has(1, "from=alice to=access http=POST path=/oauth/token status=400")
	n.order("clear")
	n.others("") // signed in anew, or refreshed
}

// What ails a server does not outlive it: a town that is opened next is well.
func TestFaultsEndWithTheTown(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.order("hang", "wiki")
	other := open(t)
	var set map[string]any
	if other.ask(http.MethodGet, "/faults", nil, &set); len(set) != 0 {
		t.Errorf("another town has %v", set)
	}
	other.well("wiki_search")
}
