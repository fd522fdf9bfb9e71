package interop_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/trace"
)

var update = flag.Bool("update", false, "write the verdicts on clients into testdata")

// verdict is what the town saw of one client and one rule.
type verdict struct{ client, version, revision, rule, finding string }

type verdicts []verdict

// rule is something the specifications want of a client, and how it looks from
// the town.
type rule struct {
	name string
	find func(observation) string
}

// rules are in the order in which a client meets them. What a town can only
// see when it misbehaves is said to be unobserved.
var rules = []rule{
	{"speaks the revision it is asked to", speaksRevision},
	{"follows the 401 to the protected resource metadata (RFC 9728 §5.1)", followsTheChallenge},
	{"reads the authorization server's metadata (RFC 8414)", readsMetadata},
	{"registers itself (RFC 7591)", registers},
	{"PKCE with S256 (RFC 7636)", provesItsKey},
	{"`resource` in the authorization request (RFC 8707)", resourceAtAuthorization},
	{"`resource` in the token request (RFC 8707)", resourceAtToken},
	{"sends `state`", sendsState},
	{"checks `state`", func(observation) string { return "unobserved: no wrong one was sent" }},
	{"checks `iss` (RFC 9207)", checksIssuer},
	{"no token in a URL (RFC 6750 §2.3)", noTokenInURL},
	{"Accept names JSON and event streams", acceptsBoth},
	{"MCP-Protocol-Version on every request it belongs on", namesItsRevision},
	{"refreshes after a 401 (RFC 6749 §6)", refreshes},
	{"does not register again after a 401", registersOnce},
	{"`resource` in the refresh request (RFC 8707)", resourceAtRefresh},
	{"begins anew when its session is gone (404)", beginsAnew},
	{"connects again with what it kept", connectsAgain},
	{"ends its sessions (DELETE)", endsItsSessions},
}

// outliving are the rules that only a town which is started anew can judge.
var outliving = []string{"refreshes", "does not register again", "`resource` in the refresh", "begins anew", "connects again"}

func judge(c realClient, o observation) verdicts {
	o.revision = c.revision
	var all verdicts
	for _, r := range rules {
		if o.survives || !outlives(r.name) {
			all = append(all, verdict{c.name, c.version, c.revision, r.name, r.find(o)})
		}
	}
	return all
}

func outlives(rule string) bool {
	return slices.ContainsFunc(outliving, func(prefix string) bool { return strings.HasPrefix(rule, prefix) })
}

// markdown is the table, one verdict a line.
func (all verdicts) markdown() string {
	var b strings.Builder
	b.WriteString("| client | version | revision | rule | verdict |\n|---|---|---|---|---|\n")
	for _, v := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", v.client, v.version, v.revision, v.rule, v.finding)
	}
	return b.String()
}

// report says the verdicts aloud, and writes them where CI picks them up.
func (all verdicts) report(t *testing.T) {
	t.Helper()
	t.Logf("verdicts on clients:\n%s", all.markdown())
	path := "../../out/clients.md"
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("# How clients behave at the door\n\n"+all.markdown()), 0o644); err != nil {
		t.Fatal(err)
	}
}

const golden = "testdata/clients.golden.md"

// write makes the verdicts the known ones, if they are all there.
func (all verdicts) write(t *testing.T, complete int) {
	t.Helper()
	if t.Failed() || len(all) != complete {
		t.Fatalf("the verdicts are not written: %d of %d are there", len(all), complete)
	}
	if err := os.WriteFile(golden, []byte(all.markdown()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// compare notices a client that behaves differently from the last time; of the
// last time it leaves out what this program cannot bring about, and clients
// that failed or were skipped.
func (all verdicts) compare(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	judged := map[string]bool{}
	for _, v := range all {
		judged[v.client+v.revision+v.rule] = true
	}
	var want strings.Builder
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 5 || cells[0] == "| client" || judged[strings.TrimPrefix(cells[0], "| ")+cells[2]+cells[3]] {
			want.WriteString(line)
		}
	}
	if diff := gocmp.Diff(want.String(), all.markdown()); diff != "" {
		t.Errorf("clients behave differently (-before +now); if that is right: go test -run RealClients -update\n%s", diff)
	}
}

// at are the exchanges with the front door on a path.
func at(all []trace.Exchange, method, path string) []trace.Exchange {
	var found []trace.Exchange
	for _, e := range all {
		if e.To == "access" && e.Request.Method == method && strings.HasPrefix(e.Path(), path) {
			found = append(found, e)
		}
	}
	return found
}

// tokenRequests are the forms of a grant type, at the front door.
func tokenRequests(all []trace.Exchange, grant string) []url.Values {
	var forms []url.Values
	for _, e := range at(all, http.MethodPost, "/oauth/token") {
		if form, err := url.ParseQuery(e.Request.Body); err == nil && form.Get("grant_type") == grant {
			forms = append(forms, form)
		}
	}
	return forms
}

// authorizations are the queries with which a browser was sent to the door.
func authorizations(all []trace.Exchange) []url.Values {
	var queries []url.Values
	for _, e := range at(all, http.MethodGet, "/oauth/authorize") {
		if u, err := url.Parse(e.Request.URL); err == nil && u.Query().Has("client_id") {
			queries = append(queries, u.Query())
		}
	}
	return queries
}

// yes is the verdict on a rule that must hold.
func yes(holds bool, fault string) string {
	if holds {
		return "yes"
	}
	return "**FAULT**: " + fault
}

func followsTheChallenge(o observation) string {
	asked := at(o.arrival, http.MethodGet, "/.well-known/oauth-protected-resource")
	if len(asked) == 0 {
		return yes(false, "it never asks for the metadata")
	}
	refused := slices.ContainsFunc(o.arrival, func(e trace.Exchange) bool {
		return e.To == "access" && e.Path() == "/mcp" && e.Status() == http.StatusUnauthorized && e.Sent < asked[0].Sent &&
			strings.Contains(e.Response.Header.Get("WWW-Authenticate"), asked[0].Path())
	})
	return yes(refused, "it asks before it was refused, or elsewhere than the 401 says")
}

func readsMetadata(o observation) string {
	asked := at(o.arrival, http.MethodGet, "/.well-known/oauth-authorization-server")
	return yes(len(asked) > 0, "it guesses the endpoints")
}

func registers(o observation) string {
	n := len(at(o.arrival, http.MethodPost, "/oauth/register"))
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("**FAULT**: %d times", n)
}

func provesItsKey(o observation) string {
	asked, redeemed := authorizations(o.arrival), tokenRequests(o.arrival, "authorization_code")
	if len(asked) == 0 || len(redeemed) == 0 {
		return "unobserved: no code was redeemed"
	}
	sum := sha256.Sum256([]byte(redeemed[0].Get("code_verifier")))
	proof := base64.RawURLEncoding.EncodeToString(sum[:])
	return yes(asked[0].Get("code_challenge_method") == "S256" && asked[0].Get("code_challenge") == proof, "no challenge, or not S256")
}

func resourceAtAuthorization(o observation) string { return resource(o, authorizations(o.arrival)) }

func resourceAtToken(o observation) string {
	return resource(o, tokenRequests(o.arrival, "authorization_code"))
}

// resource says whether each request is for the portal's endpoint.
func resource(o observation, requests []url.Values) string {
	if len(requests) == 0 {
		return "unobserved: there was no such request"
	}
	for _, r := range requests {
		if got := r.Get("resource"); got != o.endpoint {
			return yes(false, cmp.Or(strings.ReplaceAll(got, o.endpoint, "ENDPOINT"), "none"))
		}
	}
	return "yes"
}

func sendsState(o observation) string {
	asked := authorizations(o.arrival)
	if len(asked) == 0 {
		return "unobserved: nobody was sent to the door"
	}
	for _, q := range asked {
		if len(q.Get("state")) < 16 {
			return yes(false, "none, or one that can be guessed")
		}
	}
	return "yes"
}

func checksIssuer(o observation) string {
	for _, e := range o.arrival {
		if e.To != "access" || e.Response == nil {
			continue
		}
		if to, err := url.Parse(e.Response.Header.Get("Location")); err == nil && to.Query().Has("code") && to.Query().Has("iss") {
			return "unobserved: it came and was right"
		}
	}
	return "unobserved: none came"
}

func noTokenInURL(o observation) string {
	for _, e := range slices.Concat(o.arrival, o.expired, o.living, o.last) {
		if u, err := url.Parse(e.Request.URL); e.To == "access" && err == nil && u.Query().Has("access_token") {
			return yes(false, e.Path())
		}
	}
	return "yes"
}

func acceptsBoth(o observation) string {
	for _, e := range at(o.arrival, http.MethodPost, "/mcp") {
		accept := strings.Join(e.Request.Header.Values("Accept"), ",")
		if !strings.Contains(accept, "application/json") || !strings.Contains(accept, "text/event-stream") {
			return yes(false, accept)
		}
	}
	return "yes"
}

// speaksRevision looks at calls: before them a client may feel its way.
func speaksRevision(o observation) string {
	spoken := map[string]bool{}
	for _, e := range at(o.arrival, http.MethodPost, "/mcp") {
		if e.Asked().Method == "tools/call" {
			spoken[e.Request.Header.Get("Mcp-Protocol-Version")] = true
		}
	}
	return yes(len(spoken) == 1 && spoken[o.revision], fmt.Sprint(slices.Sorted(maps.Keys(spoken))))
}

// namesItsRevision leaves out initialize, before which no revision is agreed
// on, and what is sent without a token only to be refused.
func namesItsRevision(o observation) string {
	n := 0
	for _, e := range slices.Concat(o.arrival, o.expired, o.last) {
		if e.To != "access" || e.Path() != "/mcp" || e.Asked().Method == "initialize" || e.Request.Header.Get("Authorization") == "" {
			continue
		}
		if e.Request.Header.Get("Mcp-Protocol-Version") == "" {
			return yes(false, "not on "+cmp.Or(e.Asked().Method, e.Request.Method))
		}
		n++
	}
	return yes(n > 0, "no request was seen")
}

func refreshes(o observation) string {
	if len(tokenRequests(o.expired, "refresh_token")) > 0 {
		return yes(o.openedExpired == 0, "it refreshes, and asks the person again")
	}
	if o.openedExpired > 0 {
		return yes(false, "it asks the person again")
	}
	return yes(false, "it does not")
}

func registersOnce(o observation) string {
	return yes(len(at(o.expired, http.MethodPost, "/oauth/register")) == 0, "it registers again")
}

func resourceAtRefresh(o observation) string {
	return resource(o, tokenRequests(o.expired, "refresh_token"))
}

// beginsAnew: MCP 2025-11-25, Session Management.
func beginsAnew(o observation) string {
	gone := slices.IndexFunc(o.living, func(e trace.Exchange) bool {
		return e.To == "access" && e.Status() == http.StatusNotFound && e.Request.Header.Get("Mcp-Session-Id") != ""
	})
	if gone < 0 {
		return "unobserved: " + map[bool]string{true: "no session was gone, and it went on", false: "no session was gone, and it failed"}[o.broke == nil]
	}
	again := slices.ContainsFunc(o.living[gone:], func(e trace.Exchange) bool { return e.Asked().Method == "initialize" })
	return yes(again && o.broke == nil, "it leaves that to the program around it")
}

func connectsAgain(o observation) string {
	if len(at(o.last, http.MethodPost, "/oauth/register")) > 0 {
		return yes(false, "it registers again")
	}
	return yes(o.openedLast == 0, "it asks the person again")
}

// endsItsSessions: MCP 2025-11-25, Session Management, a SHOULD. Sessions that
// a restart of the town took with it are not counted.
func endsItsSessions(o observation) string {
	all := o.last
	if !o.survives {
		all = slices.Concat(o.arrival, o.last)
	}
	open := map[string]bool{}
	begun := 0
	for _, e := range all {
		if e.To != "access" || e.Path() != "/mcp" || e.Status()/100 != 2 {
			continue
		}
		if id := e.Response.Header.Get("Mcp-Session-Id"); e.Asked().Method == "initialize" && id != "" {
			open[id] = true
			begun++
		}
		if e.Request.Method == http.MethodDelete {
			delete(open, e.Request.Header.Get("Mcp-Session-Id"))
		}
	}
	if begun == 0 {
		return "not needed: it has no session"
	}
	return yes(len(open) == 0, fmt.Sprintf("it leaves %d of %d behind when it is closed", len(open), begun))
}
