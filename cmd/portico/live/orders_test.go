package live_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/cmd/portico/live"
)

// wrong is what somebody gets wrong, and what the town answers that helps.
type wrong struct {
	verb, body string
	says       []string
}

var wrongOrders = []wrong{
	{"explode", `{}`, []string{`there is no verb "explode"`, "expire", "lose-session"}},
	{"expire", `{}`, []string{"expire PERSON"}},
	{"expire", ``, []string{"expire PERSON"}},
	{"expire", `{"args":["alice","mail"]}`, []string{"expire PERSON"}},
	{"rename-tool", `{"args":["wiki","search"]}`, []string{"rename-tool SERVER TOOL NAME"}},
	{"fail", `{"args":["wiki","503","3s"]}`, []string{"fail PARTY [STATUS]"}},
	{"hang", `{"args":["wiki","3s"]}`, []string{"hang PARTY"}},
	{"rotate-keys", `{"args":["now"]}`, []string{"it is rotate-keys"}},

	{"expire", `{"args":["mallory"]}`, []string{`nobody here is called "mallory"`, "alice, bob, carol"}},
	{"revoke", `{"args":["mallory"]}`, []string{"alice, bob, carol"}},
	{"connect", `{"args":["mallory"]}`, []string{"alice, bob, carol"}},
	{"revoke", `{"args":["alice","wiki"]}`, []string{`"wiki" has no authorization server`, "mail"}},
	{"restart", `{"args":["attic"]}`, []string{`"attic" is no server of ours`, "wiki, tickets, mail"}},
	{"rename-tool", `{"args":["attic","search","find"]}`, []string{"wiki, tickets, mail"}},
	{"rename-tool", `{"args":["wiki","serach","find"]}`, []string{`there is no tool "serach"`}},
	{"rename-tool", `{"args":["wiki","search","echo"]}`, []string{`tool name "echo" is taken`}},
	{"rename-tool", `{"args":["wiki","search",""]}`, []string{"name"}},
	{"sync", `{"args":["attic"]}`, []string{`no server "attic"`, "wiki, tickets, mail"}},
	{"authorize", `{"args":["attic"]}`, []string{`no server "attic"`, "wiki, tickets, mail"}},
	{"authorize", `{"args":["wiki"]}`, []string{`"wiki" wants no sign-in`}},
	{"gateway", `{"args":["sideways"]}`, []string{"on, off, down or up", "sideways"}},
	{"clock", `{"args":["soon"]}`, []string{`"soon"`, "write 2h"}},
	{"clock", `{"args":["-2h"]}`, []string{`"-2h"`, "write 2h"}},
	{"clock", `{"args":["2000000h"]}`, []string{"at most"}},
	{"clear", `{"args":["attic"]}`, []string{`"attic" is no party`, "wiki"}},
	{"clear", `{"args":["wiki","gremlins"]}`, []string{"gremlins", "there are fail, slow"}},

	{"fail", `{"args":["attic"]}`, []string{`"attic" is no party`, "access", "mail-as", "wiki"}},
	{"fail", `{"args":["wiki","teapot"]}`, []string{`"teapot" is no HTTP status`}},
	{"fail", `{"args":["wiki","200"]}`, []string{"200 is no failure", "400 to 599"}},
	{"fail", `{"args":["wiki"],"times":-1}`, []string{"negative number of times"}},
	{"fail", `{"args":["wiki"],"spares":-1}`, []string{"negative number"}},
	{"fail", `{"args":["wiki"],"chance":1.5}`, []string{"between 0 and 1"}},
	{"fail", `{"args":["wiki"],"chance":-0.5}`, []string{"between 0 and 1"}},
	{"slow", `{"args":["wiki","later"]}`, []string{`"later" is no duration`, "write 300ms"}},
	{"slow", `{"args":["wiki","2h"]}`, []string{"nobody waits longer"}},
	{"lose-session", `{"args":["mail-as"]}`, []string{"does not befall"}},
	{"refuse-refresh", `{"args":["wiki"]}`, []string{"does not befall"}},
	{"refuse", `{"args":["idp"]}`, []string{"does not befall"}},
	{"drop", `{"args":["admin"]}`, []string{"does not befall"}},

	{"expire", `{"args":["alice"],"times":1}`, []string{"expire is no fault"}},
	{"gateway", `{"args":["down"],"chance":0.5}`, []string{"gateway is no fault"}},
	{"rotate-keys", `{"on":"tools/call"}`, []string{"rotate-keys is no fault"}},

	{"fail", `{"args":["wiki"],"time":1}`, []string{`unknown field "time"`, "/openapi.json"}},
	{"fail", `{"args":"wiki"}`, []string{"the body", "/openapi.json"}},
	{"fail", `{"args":["wiki"],"times":"1"}`, []string{"the body"}},
	{"fail", `{"args":["wiki"]}{"args":["mail"]}`, []string{"more than one JSON document"}},
	{"fail", `["wiki"]`, []string{"the body"}},
	{"fail", `wiki`, []string{"the body"}},
	{"fail", `{"args":["` + strings.Repeat("x", 1<<20) + `"]}`, []string{"too large"}},
}

func TestAWrongOrderIsExplainedAndDoesNothing(t *testing.T) {
	t.Parallel()
	n := open(t)
	before := n.Network.Latest()
	for _, w := range wrongOrders {
		t.Run(w.verb, func(t *testing.T) {
			status, said := n.send(http.MethodPost, "/do/"+w.verb, w.body)
			refused(t, status, said, w.says...)
			if set := n.Ailing(); len(set) > 0 {
				t.Errorf("something is set now: %v", set)
			}
		})
	}
	if after := n.since(before); len(after) > 0 {
		t.Errorf("something was asked of somebody:\n%s", seen{t, after})
	}
	n.others("")
}

// refused wants 400 and a sentence that has the texts.
func refused(t *testing.T, status int, said []byte, texts ...string) {
	t.Helper()
	var why struct{ Error string }
	if err := json.Unmarshal(said, &why); status != http.StatusBadRequest || err != nil {
		t.Errorf("%d %s, want 400 with a sentence", status, said)
		return
	}
	for _, text := range texts {
		if !strings.Contains(why.Error, text) {
			t.Errorf("%q does not say %q", why.Error, text)
		}
	}
	if len(why.Error) > 600 {
		t.Errorf("that is no sentence: %q", why.Error)
	}
}

func TestAWrongQuestionIsExplained(t *testing.T) {
	t.Parallel()
	n := open(t)
	for _, c := range []struct {
		method, path, body, says string
	}{
		{"GET", "/journal?since=yesterday", "", `since="yesterday" is no number`},
		{"GET", "/journal?limit=-1", "", `limit="-1" is no number`},
		{"GET", "/journal?match=" + url.QueryEscape("colour=red"), "", `not by "colour"`},
		{"GET", "/journal?match=" + url.QueryEscape("path=/["), "", `is no pattern`},
		{"GET", "/journal/wait?match=" + url.QueryEscape("colour=red"), "", "match by from, to"},
		{"GET", "/journal/wait?timeout=later", "", "write 5s"},
		{"GET", "/journal/wait?timeout=-1s", "", "write 5s"},
		{"GET", "/journal/wait?timeout=24h", "", "up to 10m"},
		{"POST", "/call", `{"as":"mallory","tool":"wiki_search"}`, "alice, bob, carol"},
		{"POST", "/call", `{"as":"alice"}`, "no tool is named"},
		{"POST", "/call", ``, "no tool is named"},
		{"POST", "/call", `{"as":"alice","tool":"wiki_search","revision":"1999-01-01"}`, "2026-07-28"},
		{"POST", "/call", `{"as":"alice","tool":"wiki_search","arguments":{}}`, `unknown field "arguments"`},
		{"POST", "/token", `{"as":"mallory"}`, "alice, bob, carol"},
		{"POST", "/token", `{}`, "alice, bob, carol"},
		{"POST", "/token", `{"who":"alice"}`, `unknown field "who"`},
	} {
		status, said := n.send(c.method, c.path, c.body)
		t.Run(c.path, func(t *testing.T) { refused(t, status, said, c.says) })
	}
	if n.Network.Latest() > 0 && len(n.since(0)) > 0 {
		t.Errorf("something was asked of somebody:\n%s", seen{t, n.since(0)})
	}
}

// What a fault cannot do at a server it does at the authorization server of it,
// and only there.
func TestAFaultOfAnAuthorizationServerMayBeSetAtItsServer(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.fault("refuse-refresh", live.Order{Args: []string{"mail"}, Times: 1})
	set := n.Ailing()
	if len(set) != 1 || len(set["mail-as"]) != 1 {
		t.Errorf("set are %v", set)
	}
}
