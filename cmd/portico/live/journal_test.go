package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// journal asks the control port for what was seen.
func (n *neighbourhood) journal(query url.Values) network.News {
	n.t.Helper()
	var news network.News
	n.ask(http.MethodGet, "/journal?"+query.Encode(), nil, &news)
	return news
}

// Whoever goes on from `next`, however little is taken at a time, is told of
// every exchange that has ended, and of none twice.
func TestTheJournalGivesEveryExchangeOnce(t *testing.T) {
	t.Parallel()
	for _, limit := range []string{"", "1", "7"} {
		t.Run("limit="+limit, func(t *testing.T) {
			t.Parallel()
			n := open(t)
			n.well("mail_whoami")
			var calls sync.WaitGroup
			for range 4 {
				calls.Go(func() {
					for range 5 {
						_, _ = n.CallTool(within(t), live.Call{As: "alice", Tool: "wiki_search", Args: map[string]any{"query": "x"}})
					}
				})
			}
			done := make(chan struct{})
			go func() {
				calls.Wait()
				soon(func() bool { return quiet(n.Town) }) // a hop may end after the answer has come
				close(done)
			}()

			ended := map[int]int{}
			for next, last := 0, false; ; {
				news := n.journal(url.Values{"since": {fmt.Sprint(next)}, "limit": {limit}})
				for _, s := range news.Seen {
					if s.Answered > 0 {
						ended[s.ID]++
					}
				}
				if news.Missed || news.Dropped > 0 {
					t.Fatalf("something was missed: %+v", news)
				}
				quiet := len(news.Seen) == 0
				next = news.Next
				if quiet && last {
					break
				}
				select {
				case <-done:
					last = true
				default:
				}
			}
			all := n.Network.News(0, 0).Seen
			for _, s := range all {
				if ended[s.ID] != 1 {
					t.Errorf("told %d times of %s → %s %s", ended[s.ID], s.From, s.To, s.Path())
				}
			}
			if len(ended) != len(all) || len(all) < 60 {
				t.Errorf("told of %d exchanges, and there were %d", len(ended), len(all))
			}
		})
	}
}

func TestALimitWithoutAnEventGivesTheLatest(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.well("mail_whoami")
	all, few := n.journal(nil).Seen, n.journal(url.Values{"limit": {"3"}})
	if len(few.Seen) != 3 || few.Seen[2].ID != all[len(all)-1].ID || few.Seen[0].ID != all[len(all)-3].ID {
		t.Errorf("the latest three are %v", few.Seen)
	}
	if more := n.journal(url.Values{"since": {fmt.Sprint(few.Next)}}); len(more.Seen) > 0 {
		t.Errorf("after the latest there are %d", len(more.Seen))
	}
}

// A word is found in the line that a person sees, and a term in what it asks.
func TestWhatMatches(t *testing.T) {
	t.Parallel()
	request := trace.Exchange{
		From: "portal", To: "wiki",
		Request: trace.Request{
			Method: "POST", URL: "http://127.0.0.1:41873/mcp", Header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer token-A"}},
			Body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search"}}`,
		},
		Response: &trace.Response{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}`},
	}
	stranger := trace.Exchange{To: "access", Request: trace.Request{Method: "GET", URL: "http://127.0.0.1:1/.well-known/a/b"}, Failure: "connection refused"}
	for terms, want := range map[string][2]bool{
		"":                                  {true, true},
		"to=wiki":                           {true, false},
		"to=wik":                            {false, false},
		"to=w*":                             {true, false},
		"from=portal to=wiki":               {true, false},
		"from=portal to=access":             {false, false},
		"from=":                             {false, true}, // dialled by nobody of ours
		"method=tools/call":                 {true, false},
		"method=tools/*":                    {true, false},
		"method=":                           {false, true},
		"name=search":                       {true, false},
		"name=s[a-f]arch":                   {true, false},
		"http=GET":                          {false, true},
		"http=get":                          {false, false},
		"path=/mcp":                         {true, false},
		"path=/.well-known/*":               {false, true},
		"path=*":                            {true, true},
		"path=/.well-known/?/b":             {false, true},
		"host=127.0.0.1:41873":              {true, false},
		"host=127.0.0.1:*":                  {true, true},
		"status=200":                        {true, false},
		"status=2*":                         {true, false},
		"status=0":                          {false, true},
		"wiki":                              {true, false},
		"WIKI":                              {true, false},
		"wiki tools/call search":            {true, false},
		"client":                            {false, true},
		"refused":                           {false, true},
		"error":                             {true, false},
		"200":                               {true, false},
		"sync":                              {false, false}, // no step is told of a single exchange
		"badgers":                           {false, false},
		"token-a":                           {true, false},
		"  to=wiki \t status=200  ":         {true, false},
		"to=wiki to=wiki":                   {true, false},
		"to=wiki to=access":                 {false, false},
		"host=127.0.0.1:41873 path=/mcp no": {false, false},
	} {
		m, err := live.ParseMatch(terms)
		if err != nil {
			t.Errorf("%q: %v", terms, err)
		}
		first, _ := m.Holds(request)
		second, _ := m.Holds(stranger)
		if got := [2]bool{first, second}; got != want {
			t.Errorf("%q holds for %v, want %v", terms, got, want)
		}
	}
}

// busyDay is a town in which every kind of secret has passed.
func busyDay(t *testing.T) *neighbourhood {
	t.Helper()
	n := open(t)
	n.well("mail_whoami")
	n.wellAs(live.Call{As: "bob", Revision: client.Stateful, Tool: "mail_whoami"})
	n.well("tickets_whoami")
	n.order("gateway", "on")
	n.order("expire", "alice")
	n.well("mail_whoami")
	n.well("tickets_whoami")
	n.order("revoke", "bob")
	n.wellAs(live.Call{As: "bob", Tool: "mail_whoami"})
	n.order("rotate-keys")
	robot, err := fixtures.LoadService("robot")
	if err != nil {
		t.Fatal(err)
	}
	dial, err := n.Client("robot", trace.Client)
	if err != nil {
		t.Fatal(err)
	}
	s := connect(t, client.New(client.Config{
		Endpoint: n.Endpoint, HTTP: dial, ServiceToken: &client.ServiceToken{ClientID: robot.ClientID, ClientSecret: robot.ClientSecret},
	}))
	if _, err := s.Call(within(t), "wiki_search", map[string]string{"query": "badgers"}); err != nil {
		t.Fatal(err)
	}
	return n
}

// secretMembers are what carries a secret, in a form, a query or JSON.
var (
	secretMembers = []string{
		"access_token", "refresh_token", "id_token", "code", "code_verifier", "client_secret", "password", "state", "nonce", "csrf", "csrf_token",
		"tx", "registration_access_token",
	}
	secretHeaders = []string{"Mcp-Session-Id", "Cf-Access-Jwt-Assertion", "Cf-Access-Client-Secret"}
	inJSON        = regexp.MustCompile(`"(` + strings.Join(secretMembers, "|") + `)":\s*"([^"]+)"`)
)

// secrets are the secrets in what was seen, by themselves: what carries them is
// known from the specifications, and not from who hides them.
func secrets(all []trace.Exchange) map[string]string {
	found := map[string]string{}
	keep := func(what, value string) {
		if len(value) >= 8 && !strings.HasPrefix(value, "http") {
			found[value] = what
		}
	}
	values := func(where string, v url.Values) {
		for _, name := range secretMembers {
			keep(where+" "+name, v.Get(name))
		}
	}
	header := func(h http.Header) {
		for _, name := range secretHeaders {
			keep(name, h.Get(name))
		}
		if _, credential, ok := strings.Cut(h.Get("Authorization"), " "); ok {
			keep("Authorization", credential)
		}
		cookies := (&http.Request{Header: http.Header{"Cookie": h["Cookie"]}}).Cookies()
		for _, c := range append(cookies, (&http.Response{Header: h}).Cookies()...) {
			keep("cookie "+c.Name, c.Value)
		}
		if u, err := url.Parse(h.Get("Location")); err == nil {
			values("Location", u.Query())
		}
	}
	body := func(text string) {
		if form, err := url.ParseQuery(text); err == nil {
			values("form", form)
		}
		for _, m := range inJSON.FindAllStringSubmatch(text, -1) {
			keep("JSON "+m[1], m[2])
		}
	}
	for _, e := range all {
		header(e.Request.Header)
		body(e.Request.Body)
		if u, err := url.Parse(e.Request.URL); err == nil {
			values("URL", u.Query())
		}
		if e.Response != nil {
			header(e.Response.Header)
			body(e.Response.Body)
		}
	}
	return found
}

func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	n := busyDay(t)
	var past live.Past
	n.ask(http.MethodGet, "/trace", nil, &past)
	hidden := secrets(past.Trace.Exchanges)
	for secret := range hidden {
		if len(secret) < 12 { // what is shorter counts as readable
			delete(hidden, secret)
		}
	}
	hidden["tickets-static-token-1f7c0a"] = "the bearer token of tickets"
	if len(hidden) < 60 {
		t.Errorf("only %d secrets were seen: this test looks in the wrong place", len(hidden))
	}

	shown := map[string]string{}
	for i := len(past.Trace.Exchanges) - 1; i >= 0; i-- { // the latest first: what was issued before is not known yet
		match := "path=" + past.Trace.Exchanges[i].Path() + " to=" + string(past.Trace.Exchanges[i].To)
		if _, again := shown[match]; !again && !strings.ContainsAny(match, "[]?*") {
			_, said := n.send(http.MethodGet, "/journal?"+url.Values{"match": {match}}.Encode(), nil)
			shown[match] = string(said)
		}
	}
	for _, path := range []string{"/journal", "/trace?named=true", "/journal/wait?since=0&match=path=/oauth/token", "/gateway"} {
		_, said := n.send(http.MethodGet, path, nil)
		shown[path] = string(said)
	}
	_, page := n.send(http.MethodGet, "/", nil)
	shown["the page"] = string(page)
	for _, s := range n.Network.News(0, 0).Seen {
		status, said := n.send(http.MethodGet, fmt.Sprintf("/exchange/%d", s.ID), nil)
		if status != http.StatusOK {
			t.Errorf("there is no page of exchange %d: %d", s.ID, status)
		}
		shown["the page of an exchange"] += string(said)
	}
	shown["/events"] = n.events()
	for _, s := range n.After(0) {
		shown["a line"] += live.Line(s, n.Network.Roles()) + "\n"
	}
	for where, text := range shown {
		if len(text) < 50 {
			t.Errorf("%s shows nothing: %q", where, text)
		}
		for secret, what := range hidden {
			if strings.Contains(text, secret) && !(where == "the page" && strings.HasSuffix(what, "password")) { // whom one may sign in as
				t.Errorf("%s shows %s: %q", where, what, secret)
			}
		}
	}
}

// events reads the page's stream until it has told of everything so far.
func (n *neighbourhood) events() string {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.control.URL+"/events?since=0", nil)
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+n.Token)
	res, err := n.control.Client().Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	last := fmt.Sprintf("id: %d\n", n.Network.Latest())
	var told strings.Builder
	for buffer := make([]byte, 4096); !strings.Contains(told.String(), last) || !strings.HasSuffix(told.String(), "\n\n"); {
		k, err := res.Body.Read(buffer)
		told.Write(buffer[:k])
		if err != nil {
			n.t.Fatalf("the stream ended: %v after %q", err, told.String())
		}
	}
	return told.String()
}

// The letter of a credential is the same wherever it travels, so that one that
// is passed through would be seen.
func TestALetterIsTheSameOnEveryHop(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.order("gateway", "on")
	n.well("tickets_whoami")
	n.well("mail_whoami")

	letters := map[string]map[string]bool{}
	for _, s := range n.journal(nil).Seen {
		hop := string(s.From + "→" + s.To)
		if letters[hop] == nil {
			letters[hop] = map[string]bool{}
		}
		if c := s.Request.Header.Get("Authorization"); c != "" {
			letters[hop][c] = true
		}
	}
	for _, word := range []string{only(letters["gateway→tickets"]), only(letters["alice→access"])} {
		letter := strings.TrimPrefix(word, "Bearer ")
		found := n.journal(url.Values{"match": {letter}}).Seen
		if len(found) == 0 || slices.ContainsFunc(found, func(s network.Seen) bool { return live.Credential(s.Exchange) != letter }) {
			t.Errorf("%d exchanges with %s are found, or some without", len(found), letter)
		}
	}
	if direct, far := letters["portal→gateway"], letters["gateway→tickets"]; len(far) != 1 || !direct[only(far)] {
		t.Errorf("the token of tickets is %v towards the gateway and %v behind it", direct, far)
	}
	door := letters["alice→access"]
	if len(door) != 1 || !regexp.MustCompile(`^Bearer token-[A-Z]+$`).MatchString(only(door)) {
		t.Errorf("alice enters with %v", door)
	}
	for hop, shown := range letters {
		if hop != "alice→access" && shown[only(door)] {
			t.Errorf("alice's own token is on %s", hop)
		}
	}
	if only(letters["gateway→mail"]) == only(letters["gateway→tickets"]) || len(letters["gateway→mail"]) != 1 {
		t.Errorf("mail is entered with %v", letters["gateway→mail"])
	}
}

func only(set map[string]bool) string {
	for each := range set {
		return each
	}
	return ""
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.well("mail_whoami")
	wait := func(query string) (int, live.Waited) {
		t.Helper()
		status, said := n.send(http.MethodGet, "/journal/wait?"+query, nil)
		var w live.Waited
		if err := json.Unmarshal(said, &w); err != nil {
			t.Fatalf("%s: %v", said, err)
		}
		return status, w
	}

	status, w := wait("since=0&match=to=mail+method=tools/call")
	if status != http.StatusOK || w.Seen == nil || w.Seen.To != "mail" || w.Seen.Answered == 0 || w.Next < w.Seen.Answered || w.Nearest != nil {
		t.Errorf("of the past: %d %+v", status, w)
	}
	status, w = wait(fmt.Sprintf("since=%d&match=to=mail&timeout=10ms", w.Next))
	if status != http.StatusRequestTimeout || w.Seen != nil {
		t.Errorf("after it: %d %+v", status, w)
	}
	status, w = wait("since=0&match=to=mail+method=tools/call+status=500&timeout=10ms")
	if status != http.StatusRequestTimeout || w.Nearest == nil || w.Nearest.To != "mail" || w.Nearest.Asked().Method != "tools/call" {
		t.Errorf("the nearest: %d %+v", status, w)
	}
	if status, w = wait("match=to=mail&timeout=10ms"); status != http.StatusRequestTimeout || w.Nearest != nil || w.Next != n.Network.Latest() {
		t.Errorf("from now on: %d %+v", status, w)
	}

	since := n.Network.Latest()
	coming := make(chan live.Waited)
	go func() {
		m, _ := live.ParseMatch("to=wiki method=tools/call")
		coming <- n.Wait(within(t), since, m)
	}()
	n.well("wiki_search")
	if w := <-coming; w.Seen == nil || w.Seen.To != "wiki" || w.Seen.Status() != http.StatusOK {
		t.Errorf("of what comes: %+v", w)
	}
}

// Where much happens all the time, who waits in vain is still told so in time.
func TestWaitingEndsThoughMuchHappens(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.well("wiki_search")
	busy, end := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	for range 3 {
		calls.Go(func() {
			for busy.Err() == nil {
				_, _ = n.CallTool(busy, live.Call{As: "alice", Tool: "wiki_whoami"})
			}
		})
	}
	defer calls.Wait()
	defer end()
	began := time.Now()
	status, said := n.send(http.MethodGet, "/journal/wait?timeout=200ms&match=to=nobody", nil)
	if took := time.Since(began); status != http.StatusRequestTimeout || took > 5*time.Second {
		t.Errorf("%d after %s: %.200s", status, took, said)
	}
}

func TestABoundedJournalSaysWhatItDropped(t *testing.T) {
	t.Parallel()
	const most = 40
	n := open(t, func(c *live.Config) { c.Keep = network.Bound{Exchanges: most} })
	first := n.well("mail_whoami").all[0].Sent
	for range 30 {
		n.well("wiki_search")
	}
	news := n.journal(nil)
	if len(news.Seen) != most || news.Dropped < 100 || news.Missed {
		t.Errorf("%d kept, %d dropped, missed %t", len(news.Seen), news.Dropped, news.Missed)
	}
	if total := (n.Network.Latest()) / 2; len(news.Seen)+news.Dropped > total {
		t.Errorf("%d kept and %d dropped, of %d", len(news.Seen), news.Dropped, total)
	}
	if late := n.journal(url.Values{"since": {fmt.Sprint(first)}}); !late.Missed {
		t.Errorf("who comes late is not told that something is missing: %d, dropped %d", len(late.Seen), late.Dropped)
	}
	if on := n.journal(url.Values{"since": {fmt.Sprint(news.Seen[len(news.Seen)-2].Answered)}}); on.Missed || len(on.Seen) == 0 {
		t.Errorf("who is up to date is told that something is missing: %+v", on)
	}
}

// What is looked at from outside leaves no trace of the looking.
func TestLookingIsNotSeen(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.well("mail_whoami")
	before := n.Network.Latest()
	for _, path := range []string{"/town", "/people", "/servers", "/faults", "/verbs", "/journal", "/trace", "/gateway", "/"} {
		n.send(http.MethodGet, path, nil)
	}
	if after := n.since(before); len(after) > 0 {
		t.Errorf("looking is seen\n%s", seen{t, after})
	}
	n.ask(http.MethodPost, "/forget", nil, nil)
	if left := n.journal(nil); len(left.Seen) > 0 {
		t.Errorf("%d are not forgotten", len(left.Seen))
	}
	n.well("mail_whoami")
	if news := n.journal(nil); len(news.Seen) != 5 {
		t.Errorf("after forgetting %d are seen", len(news.Seen))
	}
}
