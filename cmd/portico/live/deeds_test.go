package live_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/trace"
)

// verbsSeen does each verb and looks for what it did where it counts: on the
// wire, at the party that is meant.
var verbsSeen = map[string]func(*testing.T){
	"expire":         expireIsSeen,
	"revoke":         revokeIsSeen,
	"connect":        connectIsSeen,
	"authorize":      authorizeIsSeen,
	"restart":        restartIsSeen,
	"rename-tool":    renameIsSeen,
	"sync":           syncIsSeen,
	"gateway":        gatewayIsSeen,
	"rotate-keys":    newKeysAreSeen,
	"clock":          clockIsSeen,
	"clear":          clearIsSeen,
	"fail":           failIsSeen,
	"slow":           slowIsSeen,
	"drop":           dropIsSeen,
	"hang":           hangIsSeen,
	"cut":            cutIsSeen,
	"garble":         garbleIsSeen,
	"empty":          emptyIsSeen,
	"refuse":         refuseIsSeen,
	"lose-session":   lostSessionIsSeen,
	"refuse-refresh": refusedRefreshIsSeen,
}

func TestEveryVerbIsSeenOnTheFarEnd(t *testing.T) {
	for _, v := range live.Verbs() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			see := verbsSeen[v.Name]
			if see == nil {
				t.Fatalf("nobody has looked at what %q does", v.Name)
			}
			see(t)
		})
	}
	for name := range verbsSeen {
		if _, ok := live.FindVerb(name); !ok {
			t.Errorf("there is no verb %q any more", name)
		}
	}
}

func expireIsSeen(t *testing.T) {
	n := open(t)
	n.well("mail_whoami")
	n.wellAs(live.Call{As: "bob", Tool: "mail_whoami"})

	n.order("expire", "alice")

	o := n.well("mail_whoami")
	if door, mail := o.refreshes("alice", "access"), o.refreshes("portal", "mail-as"); door != 1 || mail != 1 {
		t.Errorf("%d refreshes at the front door and %d at mail's, want one each\n%s", door, mail, o.seen)
	}
	if o.signIns("idp")+o.signIns("mail-as") > 0 {
		t.Errorf("alice had to sign in\n%s", o.seen)
	}
	bob := n.wellAs(live.Call{As: "bob", Tool: "mail_whoami"})
	if bob.refreshes("bob", "access")+bob.refreshes("portal", "mail-as") > 0 {
		t.Errorf("bob noticed\n%s", bob.seen)
	}
}

func revokeIsSeen(t *testing.T) {
	n := open(t)
	n.well("mail_whoami")
	n.wellAs(live.Call{As: "bob", Tool: "mail_whoami"})
	own := guest(t, n.Town, "alice", client.Stateless, nil)
	connect(t, own)

	n.order("revoke", "alice", "mail")
	o := n.call("mail_whoami")
	o.says("needs your authorization")
	o.says(n.Origins["access"] + "/servers")
	o.has(1, "from=portal to=mail-as status=400")
	n.others("mail")

	n.order("revoke", "alice")
	if o := n.well("mail_whoami"); o.signIns("idp") != 1 {
		t.Errorf("alice did not sign in anew\n%s", o.seen)
	}
	before := n.Network.Latest()
	connect(t, own) // a client that nobody told of it
	after := seen{t, n.since(before)}
	after.has(1, "from=alice to=access path=/mcp status=401")
	after.has(1, "from=alice.browser to=access path=/oauth/authorize")
	if bob := n.wellAs(live.Call{As: "bob", Tool: "mail_whoami"}); len(bob.all) != 5 {
		t.Errorf("bob noticed\n%s", bob.seen)
	}
}

func connectIsSeen(t *testing.T) {
	n := open(t)
	n.well("mail_whoami")
	n.order("revoke", "alice", "mail")
	n.call("mail_whoami").says("needs your authorization")

	before := n.Network.Latest()
	n.order("connect", "alice")
	seen{t, n.since(before)}.has(1, "from=alice.browser to=access http=POST path=/servers/mail/connect")

	if o := n.well("mail_whoami"); o.Text != "alice" {
		t.Errorf("mail takes alice for %q", o.Text)
	}
}

func authorizeIsSeen(t *testing.T) {
	n := open(t)
	n.order("revoke", "carol", "mail")
	n.order("sync", "mail")
	if s := n.server("mail"); s.Status.Status == "ready" {
		t.Errorf("mail is %q to a portal whose admin was put out", s.Status.Status)
	}

	before := n.Network.Latest()
	n.order("authorize", "mail")
	after := seen{t, n.since(before)}
	if after.signIns("mail-as") != 1 {
		t.Errorf("carol did not sign in\n%s", after)
	}
	if len(after.matching("from=portal to=mail method=tools/list status=200")) == 0 {
		t.Errorf("mail was not asked for its tools\n%s", after)
	}
	if s := n.server("mail"); s.Status.Status != "ready" || s.Error != "" {
		t.Errorf("mail is %q: %s", s.Status.Status, s.Error)
	}
}

// server is what the control port says of a server.
func (n *neighbourhood) server(id string) live.ServerState {
	n.t.Helper()
	var all []live.ServerState
	n.ask(http.MethodGet, "/servers", nil, &all)
	i := slices.IndexFunc(all, func(s live.ServerState) bool { return s.ID == id })
	if i < 0 {
		n.t.Fatalf("no server %q in %+v", id, all)
	}
	return all[i]
}

// A town of 2025-11-25, where there are sessions to forget.
func stateful(c *live.Config) { c.Revision = client.Stateful }

func restartIsSeen(t *testing.T) {
	n := open(t, stateful)
	s := connect(t, guest(t, n.Town, "alice", client.Stateful, nil))
	ask := func() seen {
		before := n.Network.Latest()
		if _, err := s.Call(within(t), "wiki_search", map[string]string{"query": "badgers"}); err != nil {
			t.Errorf("the portal does not heal: %v", err)
		}
		return seen{t, n.since(before)}
	}
	ask()
	ask().has(0, "to=wiki method=initialize")

	n.order("fail", "wiki")
	n.order("restart", "wiki")

	healed := ask()
	healed.has(1, "from=portal to=wiki method=tools/call status=404")
	healed.has(1, "from=portal to=wiki method=initialize status=200")
	healed.has(1, "from=portal to=wiki method=tools/call status=200")
	healed.has(0, "from=alice status=404")
	n.others("wiki")
	if set := n.Ailing(); len(set) > 0 {
		t.Errorf("what began anew is not well: %v", set)
	}
}

func renameIsSeen(t *testing.T) {
	n := open(t)
	n.well("wiki_search")

	n.order("rename-tool", "wiki", "search", "find")
	n.call("wiki_search").has(1, "to=wiki method=tools/call name=search") // the portal does not know yet
	n.order("sync", "wiki")

	tools, err := connect(t, guest(t, n.Town, "alice", client.Stateless, nil)).ListTools(within(t))
	if err != nil {
		t.Fatal(err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(tools, func(tool client.Tool) bool { return tool.Name == name })
	}
	if !has("wiki_find") || has("wiki_search") || !has("mail_whoami") {
		t.Errorf("the portal lists %s", n.write(tools))
	}
	n.well("wiki_find").has(1, "to=wiki method=tools/call name=find status=200")
	gone := n.call("wiki_search")
	gone.says("unknown name")
	gone.has(0, "to=wiki")
	n.others("wiki")
}

func syncIsSeen(t *testing.T) {
	n := open(t)
	n.order("gateway", "on")
	for _, server := range []string{"wiki", "tickets", "mail"} {
		before := n.Network.Latest()
		n.order("sync", server)
		after := seen{t, n.since(before)}
		after.has(1, "from=portal method=tools/list status=200 to="+server)
		after.has(0, "to=gateway")
		after.has(1, "from=carol to=admin http=POST path=/servers/"+server+"/sync")
	}
}

func gatewayIsSeen(t *testing.T) {
	n := open(t)
	through := func(want bool) {
		t.Helper()
		o := n.well("wiki_search")
		direct, inspected := 1, 0
		if want {
			direct, inspected = 0, 1
		}
		o.has(direct, "from=portal to=wiki method=tools/call")
		o.has(inspected, "from=gateway to=wiki method=tools/call")
	}
	through(false)
	n.order("gateway", "on")
	through(true)

	n.order("gateway", "down")
	n.order("gateway", "down") // twice is once
	failed := n.call("wiki_search")
	failed.says(`server "wiki" could not be reached`)
	failed.has(0, "to=wiki") // it fails closed
	before := n.Network.Latest()
	n.order("sync", "wiki")
	seen{t, n.since(before)}.has(1, "from=portal to=wiki method=tools/list status=200")

	n.order("gateway", "off")
	through(false)
	n.order("gateway", "on")
	n.order("gateway", "up")
	through(true)
	n.order("gateway", "off")
	through(false)
}

func newKeysAreSeen(t *testing.T) {
	n := open(t)
	n.well("mail_whoami")
	places := []string{n.Origins["idp"] + "/jwks", n.Origins["access"] + "/cdn-cgi/access/certs"}
	var before [][]string
	for _, place := range places {
		before = append(before, kids(t, place))
	}

	n.order("rotate-keys")

	for i, place := range places {
		after := kids(t, place)
		if !slices.ContainsFunc(after, func(kid string) bool { return !slices.Contains(before[i], kid) }) {
			t.Errorf("%s has no new key: %v, before %v", place, after, before[i])
		}
	}
	o := n.well("mail_whoami")
	o.has(0, "status=401")
	if bob := n.wellAs(live.Call{As: "bob", Tool: "mail_whoami"}); bob.signIns("idp") != 1 {
		t.Errorf("bob did not sign in with the new keys\n%s", bob.seen)
	}
}

// kids are the ids of the keys that are published somewhere (RFC 7517 §4.5).
func kids(t *testing.T, place string) (all []string) {
	t.Helper()
	res, err := (&http.Client{Timeout: patience}).Get(place)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(b, &set); err != nil || len(set.Keys) == 0 {
		t.Fatalf("%s: no keys: %s, %v", place, b, err)
	}
	for _, k := range set.Keys {
		all = append(all, k.Kid)
	}
	return all
}

func clockIsSeen(t *testing.T) {
	n := open(t)
	n.well("mail_whoami")

	n.order("clock", "2h")

	o := n.well("mail_whoami")
	o.has(1, "from=portal to=mail status=401") // the portal's own clock has not moved
	if mail, door := o.refreshes("portal", "mail-as"), o.refreshes("alice", "access"); mail != 1 || door != 0 {
		t.Errorf("%d refreshes at mail's, want 1; %d at the front door, want none\n%s", mail, door, o.seen)
	}
	if o := n.well("mail_whoami"); o.refreshes("portal", "mail-as") != 0 {
		t.Errorf("what was issued since is old too\n%s", o.seen)
	}
}

func clearIsSeen(t *testing.T) {
	n := open(t)
	n.well("mail_whoami")
	set := func() map[trace.Party][]faults.Fault {
		var all map[trace.Party][]faults.Fault
		n.ask(http.MethodGet, "/faults", nil, &all)
		return all
	}
	n.order("fail", "wiki", "503")
	n.order("drop", "wiki")
	n.order("refuse-refresh", "mail")
	n.order("fail", "tickets")
	if all := set(); len(all["wiki"]) != 2 || len(all["mail-as"]) != 1 || len(all["tickets"]) != 1 {
		t.Fatalf("set are %v", all)
	}

	n.order("clear", "wiki", "drop")
	n.call("wiki_search").says("503")
	n.order("clear", "wiki")
	n.well("wiki_search")
	n.order("clear", "mail")
	n.call("tickets_create").says("500")
	n.order("drop", "mail")
	n.order("clear", "", "drop")
	n.well("mail_whoami")
	if all := set(); len(all) != 1 || len(all["tickets"]) != 1 {
		t.Errorf("only one at tickets is left to clear: %v", all)
	}
	n.order("clear")
	n.others("")
	if all := set(); len(all) != 0 {
		t.Errorf("still set: %v", all)
	}
}

// kindsOf are the texts of errors, for comparing sequences of outcomes.
func kindsOf(outcomes []outcome) string {
	var b strings.Builder
	for _, o := range outcomes {
		if o.Error == "" {
			b.WriteByte('.')
		} else {
			b.WriteByte('x')
		}
	}
	return b.String()
}
