package portal_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

// callsVia are the tool calls to a host that went one way.
func callsVia(n *town, host, via string) (count int) {
	for _, s := range n.to(host) {
		if s.via == via && strings.Contains(s.body, `"tools/call"`) {
			count++
		}
	}
	return count
}

func TestTheSwitchTurnsOpenConversations(t *testing.T) {
	inEveryCombination(t, func(t *testing.T, front, back string) {
		n := newTown()
		n.serve("wiki.example", &peer{revision: back, tools: tools("x")})
		p := synced(t, n, nil, server("wiki"))
		alice := connect(t, n, "alice", front)
		for i, on := range []bool{false, true, false, true} {
			if err := p.RouteAll(on); err != nil || p.Routed() != on {
				t.Fatalf("switched to %v: %v, %v", on, p.Routed(), err)
			}
			n.forget()
			want := map[bool]string{false: "direct", true: "gateway"}[on]
			if r := alice.call("wiki_x", `{}`); r.status != http.StatusOK || strings.Contains(r.body, `"error"`) {
				t.Errorf("call %d: %d %s", i, r.status, r.body)
			}
			if callsVia(n, "wiki.example", want) != 1 {
				t.Errorf("call %d did not go %s", i, want)
			}
			for _, s := range n.to("wiki.example") {
				if s.via != want {
					t.Errorf("with call %d something went %s: %s", i, s.via, s.body)
				}
			}
			if _, err := p.Sync(t.Context(), "wiki"); err != nil {
				t.Error(err)
			}
			for _, s := range n.to("wiki.example") {
				if s.via != want && s.via != "direct" || s.via == "gateway" && strings.Contains(s.body, `"tools/list"`) {
					t.Errorf("the sync went %s: %s", s.via, s.body)
				}
			}
		}
	})
}

func TestAServersOwnSwitchStays(t *testing.T) {
	n := newTown()
	n.serve("wiki.example", &peer{tools: tools("x")})
	wiki := server("wiki")
	wiki.Gateway = true
	p := synced(t, n, func(c *portal.Config) { c.RouteAll = true }, wiki)
	if err := p.RouteAll(false); err != nil || p.Routed() {
		t.Errorf("%v, %v", p.Routed(), err)
	}
	connect(t, n, "alice", stateful).call("wiki_x", `{}`)
	if callsVia(n, "wiki.example", "gateway") != 1 || callsVia(n, "wiki.example", "direct") != 0 {
		t.Error("the call went past the gateway")
	}
}

func TestACallUnderWayEndsOnItsWay(t *testing.T) {
	for _, back := range eras {
		t.Run(back, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newTown()
				wiki := &peer{revision: back, tools: tools("slow"), does: map[string]func(http.ResponseWriter, *http.Request, call){
					"tools/call": func(w http.ResponseWriter, _ *http.Request, m call) {
						time.Sleep(10 * time.Second)
						result(w, m, `{"content":[],"resultType":"complete"}`)
					},
				}}
				n.serve("wiki.example", wiki)
				p := synced(t, n, nil, server("wiki"))
				alice := connect(t, n, "alice", stateful)
				deleted := len(wiki.heard("DELETE"))
				var all sync.WaitGroup
				all.Go(func() {
					if r := alice.call("wiki_slow", `{}`); r.status != http.StatusOK || strings.Contains(r.body, `"error"`) {
						t.Errorf("the call under way: %d %s", r.status, r.body)
					}
				})
				synctest.Wait()
				if err := p.RouteAll(true); err != nil {
					t.Fatal(err)
				}
				alice.call("wiki_slow", `{}`)
				all.Wait()
				if callsVia(n, "wiki.example", "direct") != 1 || callsVia(n, "wiki.example", "gateway") != 1 {
					t.Errorf("%d calls went direct, %d through the gateway", callsVia(n, "wiki.example", "direct"), callsVia(n, "wiki.example", "gateway"))
				}
				if n := len(wiki.heard("DELETE")); n != deleted {
					t.Errorf("%d conversations were closed with a call under way", n-deleted)
				}
				alice.send(t.Context(), http.MethodDelete, nil, "")
				if closed := len(wiki.heard("DELETE")) - deleted; back == stateful && closed != 2 {
					t.Errorf("%d of two conversations were closed with the session", closed)
				}
			})
		})
	}
}

// Many call while somebody switches: whoever begins after the switch returned
// goes the way it says.
func TestSwitchingAndCallingDoNotRace(t *testing.T) {
	n := newTown()
	n.serve("wiki.example", &peer{tools: tools("x")})
	p := synced(t, n, nil, server("wiki"))
	var settled atomic.Bool // it is on, and stays so
	var all sync.WaitGroup
	for who := range 8 {
		all.Go(func() {
			c := connect(t, n, "alice", eras[who%2])
			for i := 0; i < 20 || !settled.Load(); i++ {
				c.call("wiki_x", fmt.Sprintf(`{"late":%v}`, settled.Load()))
			}
			c.call("wiki_x", `{"late":true}`)
		})
	}
	for i := range 101 {
		if err := p.RouteAll(i%2 == 0); err != nil {
			t.Error(err)
		}
	}
	settled.Store(true)
	all.Wait()
	late := 0
	for _, s := range n.to("wiki.example") {
		if !strings.Contains(s.body, `"late":true`) {
			continue
		}
		if late++; s.via != "gateway" {
			t.Errorf("a call that began after the switch went %s", s.via)
		}
	}
	if late < 8 {
		t.Errorf("only %d calls began after the switch", late)
	}
}

func TestWithoutAGatewayThereIsNothingToSwitchOn(t *testing.T) {
	n := newTown()
	p := standUp(t, n, func(c *portal.Config) { c.Inspected = nil }, server("wiki"))
	if err := p.RouteAll(true); !errors.Is(err, portal.ErrNoGateway) || p.Routed() {
		t.Errorf("%v, %v", p.Routed(), err)
	}
	if err := p.RouteAll(false); err != nil {
		t.Errorf("switching off what is off: %v", err)
	}
}

// forgetful are consents that can be forgotten.
type forgetful struct {
	*MockConsents
	forgotten []string
	fails     error
}

func (f *forgetful) Forget(owner credential.Owner, server string) error {
	f.forgotten = append(f.forgotten, string(owner)+" "+server)
	return f.fails
}

func TestAPersonsGrantIsForgottenWithItsConversations(t *testing.T) {
	n := newTown()
	mail, credentials := &peer{revision: stateful, tools: tools("send")}, NewMockCredentials(t)
	n.serve("mail.example", mail)
	n.serve("wiki.example", &peer{tools: tools("x")})
	personal := server("mail")
	personal.Auth, personal.OnBehalf = portal.OAuth, true
	credentials.EXPECT().Token(mock.Anything, mock.Anything, "mail").Return("t", nil)
	consents := &forgetful{MockConsents: NewMockConsents(t)}
	p := synced(t, n, func(c *portal.Config) { c.Credentials, c.Consents = credentials, consents }, personal, server("wiki"))
	for _, who := range []string{"alice", "bob"} {
		connect(t, n, who, stateful).call("mail_send", `{}`)
	}
	deleted := len(mail.heard("DELETE"))

	if err := p.Forget(t.Context(), "a-1", "mail"); err != nil {
		t.Fatal(err)
	}

	if got := fmt.Sprint(consents.forgotten); got != "[person:a-1 mail]" {
		t.Errorf("forgotten: %s", got)
	}
	if closed := len(mail.heard("DELETE")) - deleted; closed != 1 {
		t.Errorf("%d conversations were closed, want hers", closed)
	}
	if err := p.Forget(t.Context(), "a-1", "nowhere"); !errors.Is(err, portal.ErrUnknownServer) {
		t.Errorf("an unknown server: %v", err)
	}
	if err := p.Forget(t.Context(), "a-1", "wiki"); !errors.Is(err, portal.ErrNoAuthorization) {
		t.Errorf("a server for everybody: %v", err)
	}
	if consents.fails = errors.New("disk full"); !errors.Is(p.Forget(t.Context(), "a-1", "mail"), consents.fails) {
		t.Error("a store that fails was not told of")
	}
}

func TestWhoKeepsCredentialsMayBeUnableToForget(t *testing.T) {
	n := newTown()
	personal := server("mail")
	personal.Auth, personal.OnBehalf = portal.OAuth, true
	p := standUp(t, n, func(c *portal.Config) { c.Credentials, c.Consents = NewMockCredentials(t), NewMockConsents(t) }, personal)
	if err := p.Forget(t.Context(), "a-1", "mail"); err == nil {
		t.Error("it was said to be forgotten")
	}
}
