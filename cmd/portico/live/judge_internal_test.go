package live

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/scenarios/invariant"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

var smallTown = map[trace.Party]trace.Role{
	"alice": trace.Client, "access": trace.Access, "portal": trace.Portal, "wiki": trace.Upstream, "admin": trace.Admin,
}

// travels is an exchange that was sent at an event and answered at the next.
func travels(at int, from, to trace.Party, token string) network.Seen {
	e := trace.Exchange{
		From: from, To: to, Sent: at, Answered: at + 1,
		Request:  trace.Request{Method: http.MethodPost, URL: "https://" + string(to) + ".example/mcp", Header: http.Header{}},
		Response: &trace.Response{Status: http.StatusOK, Header: http.Header{}},
	}
	if token != "" {
		e.Request.Header.Set("Authorization", "Bearer "+token)
	}
	return network.Seen{ID: at, Exchange: e}
}

// found is what is found in the window of a past, by rule.
func (p *past) found() (rules []string) {
	t, subjects := p.trace(smallTown)
	for _, f := range invariant.Judge(t) {
		if subjects[f.Exchange] != nil && p.trusts(f.Rule, subjects[f.Exchange], time.Now()) {
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

// A token is known where it turns up long after it was shown, when the exchange
// that showed it is in no window any more.
func TestASecretIsRememberedLong(t *testing.T) {
	const token = "Kq8Zr1TnWc5xVb2Ly7Hs"
	p := newPast()
	p.trace(smallTown)
	p.take(travels(1, "alice", "access", token))
	for i := range 3 * mostHeld {
		p.take(travels(3+2*i, "portal", "wiki", ""))
		if i%100 == 0 {
			p.retire(false)
		}
	}
	p.retire(false)
	if p.window[1] != nil || len(p.window) != mostHeld || len(p.lore.all) != 1 {
		t.Fatalf("the window has %d exchanges, the lore %d", len(p.window), len(p.lore.all))
	}
	if found := p.found(); len(found) > 0 {
		t.Errorf("found %v", found)
	}
	p.take(travels(100_001, "portal", "wiki", token))
	if found := p.found(); !slices.Contains(found, "client-credential-stays") {
		t.Errorf("found %v", found)
	}
}

// However much happens, so much is held and no more; what was forgotten accuses
// nobody.
func TestThePastIsBounded(t *testing.T) {
	p := newPast()
	p.trace(smallTown)
	for i := range 2 * mostLore {
		s := travels(1+4*i, "alice", "access", fmt.Sprintf("token-of-somebody-%d", i))
		s.Response.Body = strings.Repeat("x", 20<<10)
		p.take(s)
		s = travels(3+4*i, "portal", "wiki", "")
		s.Response.Header.Set("Set-Cookie", fmt.Sprintf("stick=%d; Path=/", i))
		p.take(s)
		p.retire(true)
		if len(p.window) > mostHeldBusy || p.bytes > mostBytes || len(p.lore.all) > mostLore || p.lore.bytes > mostLoreBytes {
			t.Fatalf("the window has %d exchanges with %d bytes, the lore %d with %d", len(p.window), p.bytes, len(p.lore.all), p.lore.bytes)
		}
	}
	if !p.lore.forgot {
		t.Error("cookies were forgotten, and it does not say so")
	}
	back := travels(100_001, "portal", "wiki", "")
	back.Request.Header.Set("Cookie", "stick=0")
	p.take(back)
	if found := p.found(); len(found) > 0 {
		t.Errorf("found %v", found)
	}
	for i := range mostHeld + 10 { // calls that hang
		s := travels(200_001+i, "alice", "access", "")
		s.Answered, s.Response = 0, nil
		p.take(s)
	}
	if p.retire(false); len(p.window) > mostHeld {
		t.Errorf("the window has %d exchanges that hang", len(p.window))
	}
}

// What was read halfway is not held against anybody.
func TestHalfAnAnswerIsNotAWrongOne(t *testing.T) {
	for what, change := range map[string]func(*trace.Exchange){
		"it is still coming": func(e *trace.Exchange) { e.Answered = 0 },
		"it broke off":       func(e *trace.Exchange) { e.Failure = "connection reset" },
		"it was cut":         func(e *trace.Exchange) { e.Response.Body += strings.Repeat(" ", cutBody) },
	} {
		s := travels(1, "alice", "access", "")
		s.Request.Header.Set("Content-Type", "application/json")
		s.Request.Body = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
		s.Response.Header.Set("Content-Type", "application/json")
		s.Response.Body = `{"jsonrpc":"2.0","id":1,"resu`
		p := newPast()
		p.take(s)
		if found := p.found(); !slices.Contains(found, "answers-carry-the-id") {
			t.Fatalf("half an answer that is all of it: %v", found)
		}
		change(&s.Exchange)
		p.take(s)
		if found := p.found(); len(found) > 0 {
			t.Errorf("%s: %v", what, found)
		}
	}
}

// Rules that are known here by name are called so there too.
func TestRulesThatAreNamedExist(t *testing.T) {
	named := 0
	for _, r := range invariant.Rules() {
		if ruledByCalls[r.ID] || ruledByLore[r.ID] {
			named++
		}
	}
	if named < 4 {
		t.Errorf("only %d of the rules are those that are named here", named)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	v := newVerdict()
	for i := range 2 * mostMarks {
		v.add(&v.rules[0], fmt.Sprintf("wrong %d", i/2), travels(1+i, "alice", "access", ""))
	}
	said := v.judgement()
	if len(said.Findings) != mostFindings || said.Unlisted != mostMarks-mostFindings || said.Findings[0].Wrong != fmt.Sprintf("wrong %d", mostMarks-1) {
		t.Errorf("%d findings, %d more, the newest %+v", len(said.Findings), said.Unlisted, said.Findings[0])
	}
	if f := said.Findings[0]; f.Times != 2 || f.Latest != f.Exchange+1 || said.Rules[0].Broken != 2*mostMarks {
		t.Errorf("%+v of %+v", f, said.Rules[0])
	}
	if len(v.marks.at) != mostMarks || v.marks.gone != mostMarks {
		t.Errorf("%d exchanges are marked, %d were", len(v.marks.at), v.marks.gone)
	}
}
