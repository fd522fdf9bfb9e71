package live_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/network"
)

// judged is what GET /findings says when all that happened is judged.
func (n *neighbourhood) judged() live.Judgement {
	n.t.Helper()
	var said live.Judgement
	if n.ask(http.MethodGet, "/findings?wait=20s", nil, &said); said.Behind != 0 {
		n.t.Fatalf("%d events are not judged", said.Behind)
	}
	return said
}

// An ordinary day breaks no rule: people sign in, tokens end and are refreshed,
// calls go round the gateway and through it, in both revisions, servers are
// synced and start anew.
func TestAnOrdinaryDayBreaksNoRule(t *testing.T) {
	n := open(t)
	for _, revision := range []string{client.Stateless, client.Stateful} {
		for _, person := range []string{"alice", "bob"} {
			for _, tool := range []string{"wiki_search", "mail_whoami", "tickets_create"} {
				n.wellAs(live.Call{As: person, Revision: revision, Tool: tool})
			}
		}
		n.order("expire", "alice")
		n.order("gateway", "on")
		n.order("sync", "wiki")
		n.order("restart", "wiki")
		n.wellAs(live.Call{As: "alice", Revision: revision, Tool: "mail_whoami"})
		n.wellAs(live.Call{As: "bob", Revision: revision, Tool: "wiki_count", Args: map[string]any{"to": 3}})
		n.judged()
	}
	said := n.judged()
	for _, f := range said.Findings {
		t.Errorf("%+v", f)
	}
	if broken, held, blind := said.Tally(); broken != 0 || held < 20 || held+blind != len(said.Rules) || said.Missed {
		t.Errorf("%d broken, %d held, %d had nothing to judge of %d", broken, held, blind, len(said.Rules))
	}
}

// careless posts a call as a client does that puts its token in the address.
func (n *neighbourhood) careless(tool string) {
	n.t.Helper()
	token, err := n.AccessToken(within(n.t), "alice")
	if err != nil {
		n.t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	if _, err := post(within(n.t), transport, n.Endpoint+"?access_token="+token, token, 1, tool); err != nil {
		n.t.Fatal(err)
	}
}

// A client that puts its token in the address is found out: by the API, once for
// all its requests, with the exchange in the journal; and never with the token.
func TestACarelessClientIsFound(t *testing.T) {
	n := open(t)
	n.careless("whoami")
	first := n.judged()
	n.careless("search")
	said := n.judged()
	i := slices.IndexFunc(said.Findings, func(f live.Finding) bool { return f.From == "" && f.To == "access" })
	if i < 0 || len(first.Findings) != len(said.Findings) {
		t.Fatalf("found %+v, and after once more %+v", first.Findings, said.Findings)
	}
	f := said.Findings[i]
	if f.Rule != "no-credential-in-urls" || f.Wrong != "access_token is a parameter of the URL" || f.Times != 2 || f.Latest <= f.Exchange ||
		f.Requirements == nil || f.Says == "" || f.Level != fixtures.Must || f.Asked != "tools/call wiki_search" {
		t.Errorf("%+v", f)
	}
	for _, id := range []int{f.Exchange, f.Latest} {
		if x, ok := n.Network.Find(id); !ok || !strings.Contains(x.Request.URL, "access_token=") {
			t.Errorf("the journal has %+v as %d", x, id)
		}
	}
	var ready live.Ready
	n.ask(http.MethodGet, "/town", nil, &ready)
	if broken, held, _ := said.Tally(); broken != 1 || held < 15 || ready.Broken != 1 {
		t.Errorf("%d broken, %d held, and the town says %d", broken, held, ready.Broken)
	}
	n.ask(http.MethodPost, "/forget", nil, nil)
	if said := n.judged(); len(said.Findings) > 0 || said.Exchanges != 0 {
		t.Errorf("after what was seen was forgotten there is %+v", said)
	}
	n.careless("whoami")
	if said := n.judged(); len(said.Findings) == 0 || said.Findings[0].Times != 1 {
		t.Errorf("found anew is %+v", said.Findings)
	}
}

// A page shows it in words: a line at the top that leads to the exchange, a mark
// at its row and the rule on its page.
func TestThePageShowsABrokenRule(t *testing.T) {
	n := open(t)
	n.well("wiki_search")
	n.judged()
	r := read(t, n)
	_, page := r.get("/")
	has(t, page, `id="rules"`, "rules hold</span>", "exchanges")
	n.careless("whoami")
	f := n.judged().Findings[0]
	for _, path := range []string{"/", "/state"} {
		_, page = r.get(path)
		has(t, page, "1 rule is broken", fmt.Sprintf(`href="/exchange/%d#broken"`, f.Latest), "access_token is a parameter of the URL", "no-credential-in-urls, must: No URL")
	}
	_, page = r.get("/")
	has(t, page, `<span class="said why breaks">breaks no-credential-in-urls</span>`)
	for _, part := range []string{"", "?part"} {
		_, page = r.get(fmt.Sprintf("/exchange/%d%s", f.Latest, part))
		has(t, page, `id="broken"`, "It breaks a rule", "no-credential-in-urls, must: No URL")
	}
	_, page = r.get(fmt.Sprintf("/exchange/%d", n.Network.News(0, 1).Seen[0].ID))
	if strings.Contains(page, `id="broken"`) {
		t.Error("an exchange that breaks nothing is marked")
	}
}

// An open page is told while it happens, and again of what it may have missed.
func TestAnOpenPageIsToldOfABrokenRule(t *testing.T) {
	n := open(t)
	r := read(t, n)
	n.well("wiki_search")
	for _, when := range []string{"while it is open", "when it is opened"} {
		req, err := http.NewRequestWithContext(within(t), http.MethodGet, r.control.URL+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if when == "while it is open" {
			n.careless("whoami")
		}
		rules, marked := "", ""
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() && (!strings.Contains(rules, "1 rule is broken") || marked == "") {
			var e struct{ Rules, Marked string }
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(data), &e) == nil {
				rules, marked = cmp.Or(e.Rules, rules), cmp.Or(e.Marked, marked)
			}
		}
		_ = res.Body.Close()
		has(t, rules, "1 rule is broken", "access_token is a parameter of the URL")
		has(t, marked, "breaks no-credential-in-urls")
	}
}

// What servers and clients call themselves is inert in findings too.
func TestAFindingIsInert(t *testing.T) {
	n := open(t)
	req, err := http.NewRequest(http.MethodGet, n.Origins["access"]+"/%3Cimg%20src=x%20onerror=alert(1)%3E%E2%80%AE%07%1B", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Referer", "https://evil.example/?access_token=%3Cimg%3E")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	f := n.judged().Findings[0]
	if !strings.Contains(f.Asked, "<img") {
		t.Fatalf("%+v", f)
	}
	r := read(t, n)
	for _, path := range []string{"/", "/state", fmt.Sprintf("/exchange/%d", f.Latest)} {
		_, page := r.get(path)
		has(t, page, "broken")
		for _, never := range []string{"<img", "\u202e", "\u0007"} {
			if strings.Contains(page, never) {
				t.Errorf("%s has %q", path, never)
			}
		}
	}
}

// ill is a server by hand whose results of tools/call fit no schema.
func ill(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			ID     json.RawMessage
			Method string
		}
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&asked) != nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		result, ok := map[string]string{
			"initialize": `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"ill","version":"1"}}`,
			"tools/list": `{"tools":[{"name":"ache","inputSchema":{"type":"object"}}]}`,
			"tools/call": `{"content":[{"type":"text"}]}`,
		}[asked.Method]
		switch {
		case asked.ID == nil:
			w.WriteHeader(http.StatusAccepted)
		case ok:
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, asked.ID, result)
		default:
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"method not found"}}`, asked.ID)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

// The author of a server sees what is wrong with its answers, and the portal,
// which hands them on, is not accused.
func TestAServersFaultIsFoundAtTheServer(t *testing.T) {
	n := open(t, func(c *live.Config) {
		c.World.Servers = append(slices.Clone(c.World.Servers), fixtures.Server{ID: "mine", URL: ill(t), Auth: fixtures.Unauthenticated})
	})
	n.callAs(live.Call{As: "alice", Tool: "mine_ache"})
	for _, f := range n.judged().Findings {
		if f.Rule != "others-fit-the-schema" || f.To != "mine" || f.From != "portal" || f.Wrong != `"tools/call" /result/content/0: lacks text` || f.Asked != "tools/call ache" {
			t.Errorf("%+v", f)
		}
	}
	if broken, _, _ := n.judged().Tally(); broken != 1 {
		t.Errorf("%d rules are broken", broken)
	}
}

// Each rule is told of once, when it is first broken.
func TestABrokenRuleIsToldOnce(t *testing.T) {
	n := open(t)
	ctx, cancel := context.WithCancel(within(t))
	told := make(chan live.Finding)
	go func() {
		defer close(told)
		n.Broken(ctx, func(f live.Finding) bool { told <- f; return true })
	}()
	n.careless("whoami")
	if f := <-told; f.Rule != "no-credential-in-urls" {
		t.Errorf("%+v", f)
	}
	n.careless("whoami")
	n.judged()
	cancel()
	for f := range told {
		t.Errorf("told again: %+v", f)
	}
}

// A busy town is judged behind its back: nobody is slowed down, nobody accused
// for what the judge could not see, and it says what it did not.
func TestABusyTownIsJudged(t *testing.T) {
	for _, c := range []struct {
		name  string
		keep  network.Bound
		calls int
	}{{"everything is kept", network.Bound{}, aSecond}, {"little is kept", network.Bound{Exchanges: 300}, aSecond}} {
		t.Run(c.name, func(t *testing.T) {
			n := open(t, func(config *live.Config) { config.Keep = c.keep })
			n.well("wiki_whoami")
			token, err := n.AccessToken(within(t), "alice")
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if failed := press(t, n.Town, token, c.calls); failed > 0 {
				t.Errorf("%d calls failed", failed)
			}
			pressed := time.Since(began)
			said := n.judged()
			t.Logf("%d calls in %s, judged %s later: %d exchanges", c.calls, pressed, time.Since(began)-pressed, said.Exchanges)
			for _, f := range said.Findings {
				t.Errorf("%+v", f)
			}
			if all := c.keep == (network.Bound{}); said.Missed == all || all && said.Exchanges < 3*c.calls {
				t.Errorf("%d exchanges are judged, missed %t", said.Exchanges, said.Missed)
			}
		})
	}
}
