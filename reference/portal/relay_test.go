package portal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal"
)

var eras = []string{stateful, stateless}

// inEveryCombination runs a test with each revision on either leg.
func inEveryCombination(t *testing.T, test func(t *testing.T, front, back string)) {
	for _, front := range eras {
		for _, back := range eras {
			t.Run(front+" to "+back, func(t *testing.T) { test(t, front, back) })
		}
	}
}

func TestACallReachesTheServerThatOwnsTheName(t *testing.T) {
	inEveryCombination(t, func(t *testing.T, front, back string) {
		n := newTown()
		a, wiki := &peer{revision: back, tools: tools("b_echo", "echo")}, &peer{revision: back, tools: tools("search", "echo")}
		n.serve("a.example", a)
		n.serve("wiki.example", wiki)
		synced(t, n, nil, server("a"), server("wiki"))
		alice := connect(t, n, "alice", front)

		for name, want := range map[string]struct {
			p    *peer
			tool string
		}{"a_b_echo": {a, "b_echo"}, "a_echo": {a, "echo"}, "wiki_search": {wiki, "search"}, "wiki_echo": {wiki, "echo"}} {
			before := len(a.heard("tools/call")) + len(wiki.heard("tools/call"))
			r := alice.call(name, `{"q":[1.50,null]}`)
			got := want.p.heard("tools/call")
			if last := len(got) - 1; last < 0 || got[last].Params.Name != want.tool || string(got[last].Params.Arguments) != `{"q":[1.50,null]}` {
				t.Errorf("%s reached %+v", name, got)
			}
			if len(a.heard("tools/call"))+len(wiki.heard("tools/call")) != before+1 {
				t.Errorf("%s reached more than one server", name)
			}
			if r.status != http.StatusOK || !strings.Contains(r.body, `"structuredContent":{"q":[1.50,null]}`) || !strings.Contains(r.body, `"id":7`) {
				t.Errorf("%s: %d %s", name, r.status, r.body)
			}
		}
	})
}

func TestAPromptIsRelayedLikeATool(t *testing.T) {
	inEveryCombination(t, func(t *testing.T, front, back string) {
		n := newTown()
		wiki := &peer{revision: back, tools: tools("summary"), prompts: `{"name":"summary"}`}
		n.serve("wiki.example", wiki)
		synced(t, n, nil, server("wiki"))

		r := connect(t, n, "alice", front).ask("prompts/get", `"name":"wiki_summary"`, "wiki_summary")

		if r.status != http.StatusOK || !strings.Contains(r.body, `"text":"summary"`) || len(wiki.heard("tools/call")) > 0 {
			t.Errorf("%d %s", r.status, r.body)
		}
	})
}

// With one revision on both legs nothing changes but the name, and that in its
// place.
func TestBytesStay(t *testing.T) {
	for _, rev := range eras {
		t.Run(rev, func(t *testing.T) {
			n := newTown()
			answer := `{ "content":[{"type":"hologram","x":1E400}],"unknown":{"é":"<&>\u2028"} ,"resultType":"complete"}`
			wiki := &peer{revision: rev, tools: tools("echo"), does: map[string]func(http.ResponseWriter, *http.Request, call){
				"tools/call": func(w http.ResponseWriter, _ *http.Request, m call) { result(w, m, answer) },
			}}
			n.serve("wiki.example", wiki)
			synced(t, n, nil, server("wiki"))
			alice := connect(t, n, "alice", rev)
			members := ` "arguments" : {"big":12345678901234567890, "e":"\u00e9"},"name":"wiki\u005fecho","vendor":[ ]`

			r := alice.ask("tools/call", members, "wiki_echo")

			if want := `{"jsonrpc":"2.0","id":7,"result":` + answer + `}`; r.body != want {
				t.Errorf("the client got\n%s\nwant\n%s", r.body, want)
			}
			if r.header.Get("Content-Length") != fmt.Sprint(len(r.body)) {
				t.Errorf("Content-Length %s for %d bytes", r.header.Get("Content-Length"), len(r.body))
			}
			to := n.to("wiki.example")
			got := to[len(to)-1].body
			want := strings.TrimSuffix(strings.SplitN(alice.request("tools/call", members), `"params":`, 2)[1], "}")
			want = strings.Replace(want, `"wiki\u005fecho"`, strings.Repeat(" ", len(`wiki\u005f`))+`"echo"`, 1)
			if !strings.HasSuffix(got, `"params":`+want+"}") {
				t.Errorf("the server got\n%s\nwant params\n%s", got, want)
			}
		})
	}
}

func TestWhatHasNoServerReachesNone(t *testing.T) {
	for _, rev := range eras {
		t.Run(rev, func(t *testing.T) {
			n := newTown()
			wiki := &peer{tools: tools("search"), prompts: `{"name":"summary"}`}
			n.serve("wiki.example", wiki)
			synced(t, n, nil, server("wiki"))
			alice := connect(t, n, "alice", rev)
			n.forget()
			for _, name := range []string{"wiki_forget", "library_search", "search", "wiki_", "_search", "wiki_summary", "Wiki_search", ""} {
				r := alice.call(name, `{}`)
				if !strings.Contains(r.body, `"code":-32602`) {
					t.Errorf("%q: %d %s", name, r.status, r.body)
				}
			}
			if r := alice.ask("prompts/get", `"name":"wiki_search"`, "wiki_search"); !strings.Contains(r.body, `"code":-32602`) {
				t.Errorf("a tool is a prompt: %s", r.body)
			}
			if to := n.to("wiki.example"); len(to) > 0 {
				t.Errorf("the server heard %+v", to)
			}
		})
	}
}

func TestProgressComesInOrderBeforeTheAnswer(t *testing.T) {
	inEveryCombination(t, func(t *testing.T, front, back string) {
		n := newTown()
		wiki := &peer{revision: back, tools: tools("count"), does: map[string]func(http.ResponseWriter, *http.Request, call){
			"tools/call": func(w http.ResponseWriter, _ *http.Request, m call) {
				note := func(method, members string) string {
					return fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":{%s}}`, method, members)
				}
				token := fmt.Sprintf(`"progressToken":%s,"progress":`, m.Params.Meta.ProgressToken)
				stream(w, note("notifications/progress", token+"1"), note("notifications/message", `"level":"info","data":"a secret"`),
					note("notifications/tools/list_changed", ""), note("notifications/progress", token+"2"), note("notifications/vendor/x", `"y":[ ]`),
					fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[],"resultType":"complete"}}`, m.ID))
			},
		}}
		n.serve("wiki.example", wiki)
		synced(t, n, nil, server("wiki"))
		alice := connect(t, n, "alice", front)

		meta := `"_meta":{"progressToken":"mine"}`
		body := alice.request("tools/call", `"name":"wiki_count","arguments":{}`)
		if front == stateless {
			body = strings.Replace(body, `"_meta":{`, `"_meta":{"progressToken":"mine",`, 1)
		} else {
			body = alice.request("tools/call", `"name":"wiki_count","arguments":{},`+meta)
		}
		r := alice.send(t.Context(), http.MethodPost, http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"wiki_count"}}, body)

		var got []string
		for _, e := range r.events() {
			var m struct {
				Method string
				ID     json.RawMessage
				Params struct {
					ProgressToken string
					Progress      int
				}
			}
			if err := json.Unmarshal([]byte(e), &m); err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s%s %s %d", m.Method, m.ID, m.Params.ProgressToken, m.Params.Progress))
		}
		want := []string{"notifications/progress mine 1", "notifications/progress mine 2", "notifications/vendor/x  0", "7  0"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if r.header.Get("Content-Type") != "text/event-stream" || r.header.Get("X-Accel-Buffering") != "no" {
			t.Errorf("header %v", r.header)
		}
	})
}

func TestAServersErrorIsRelayedInTheClientsRevision(t *testing.T) {
	for _, c := range []struct {
		front, back, sent, want string
		status                  int
	}{
		{stateful, stateful, `{"code":-32002,"message":"gone","data":{"uri":"x"},"extra":1}`, `{"code":-32002,"message":"gone","data":{"uri":"x"},"extra":1}`, 200},
		{stateless, stateful, `{"code":-32002,"message":"gone"}`, `{"code":-32602,"message":"gone"}`, 400},
		{stateless, stateless, `{"code":7,"message":"own"}`, `{"code":7,"message":"own"}`, 200},
		{stateful, stateless, `{"code":-32021,"message":"caps"}`, `{"code":-32602,"message":"caps"}`, 200},
	} {
		t.Run(c.front+" to "+c.back+" "+c.sent[:14], func(t *testing.T) {
			n := newTown()
			n.serve("wiki.example", &peer{revision: c.back, tools: tools("x"), does: map[string]func(http.ResponseWriter, *http.Request, call){
				"tools/call": func(w http.ResponseWriter, _ *http.Request, m call) { failure(w, m, http.StatusOK, c.sent) },
			}})
			synced(t, n, nil, server("wiki"))
			r := connect(t, n, "alice", c.front).call("wiki_x", `{}`)
			if want := `{"jsonrpc":"2.0","id":7,"error":` + c.want + `}`; r.body != want || r.status != c.status {
				t.Errorf("%d %s, want %d %s", r.status, r.body, c.status, want)
			}
		})
	}
}

func TestAServerInTroubleIsNamedAndNothingElse(t *testing.T) {
	for name, does := range map[string]func(http.ResponseWriter, *http.Request, call){
		"did not answer in time":        func(_ http.ResponseWriter, r *http.Request, _ call) { <-r.Context().Done() },
		"could not be reached":          func(http.ResponseWriter, *http.Request, call) { panic(http.ErrAbortHandler) },
		"answered with HTTP status 503": func(w http.ResponseWriter, _ *http.Request, _ call) { http.Error(w, "10.0.0.7 is down", 503) },
		"did not answer as MCP asks":    func(w http.ResponseWriter, _ *http.Request, _ call) { fmt.Fprint(w, "<html>") },
		"broke off before its answer": func(w http.ResponseWriter, _ *http.Request, m call) {
			stream(w, `{"jsonrpc":"2.0","method":"notifications/x"}`)
		},
	} {
		for _, rev := range eras {
			t.Run(name+" "+rev, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := newTown()
					n.serve("rude.example", &peer{tools: tools("x"), does: map[string]func(http.ResponseWriter, *http.Request, call){"tools/call": does}})
					n.serve("wiki.example", &peer{tools: tools("search")})
					synced(t, n, nil, server("rude"), server("wiki"))
					alice := connect(t, n, "alice", rev)

					r := alice.call("rude_x", `{}`)

					if !strings.Contains(r.body, `"code":-32603,"message":"server \"rude\" `+name+`"`) {
						t.Errorf("%d %s", r.status, r.body)
					}
					if other := alice.call("wiki_search", `{}`); !strings.Contains(other.body, `"result"`) {
						t.Errorf("the other server: %s", other.body)
					}
				})
			})
		}
	}
}

// A client of the stateful era that goes away has cancelled nothing; one of
// the stateless era has.
func TestGoingAway(t *testing.T) {
	for front, want := range map[string]bool{stateful: false, stateless: true} {
		t.Run(front, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newTown()
				var cancelled, finished atomic.Bool
				n.serve("wiki.example", &peer{revision: stateless, tools: tools("slow"), does: map[string]func(http.ResponseWriter, *http.Request, call){
					"tools/call": func(w http.ResponseWriter, r *http.Request, m call) {
						select {
						case <-r.Context().Done():
							cancelled.Store(true)
						case <-time.After(10 * time.Second):
							finished.Store(true)
							result(w, m, `{"content":[],"resultType":"complete"}`)
						}
					},
				}})
				synced(t, n, nil, server("wiki"))
				alice := connect(t, n, "alice", front)
				ctx, leave := context.WithCancel(t.Context())
				gone := make(chan struct{})
				go func() {
					defer close(gone)
					body := alice.request("tools/call", `"name":"wiki_slow"`)
					_, _ = alice.begin(ctx, http.MethodPost, http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"wiki_slow"}}, body)
				}()
				time.Sleep(time.Second)
				leave()
				<-gone
				time.Sleep(15 * time.Second)
				if cancelled.Load() != want || finished.Load() == want {
					t.Errorf("cancelled %v, finished %v", cancelled.Load(), finished.Load())
				}
			})
		})
	}
}

func TestANotificationCancelsOnesOwnCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		wiki := &peer{revision: stateful, tools: tools("slow"), does: map[string]func(http.ResponseWriter, *http.Request, call){
			"tools/call": func(_ http.ResponseWriter, r *http.Request, _ call) { <-r.Context().Done() },
		}}
		n.serve("wiki.example", wiki)
		synced(t, n, nil, server("wiki"))
		alice, bob := connect(t, n, "alice", stateful), connect(t, n, "bob", stateful)
		answer := make(chan reply)
		go func() { answer <- alice.call("wiki_slow", `{}`) }()
		time.Sleep(time.Second)

		cancel := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`
		if r := bob.post(cancel); r.status != http.StatusAccepted {
			t.Errorf("bob: %d", r.status)
		}
		time.Sleep(time.Second)
		if len(wiki.heard("notifications/cancelled")) != 0 {
			t.Error("bob cancelled alice's call")
		}
		if r := alice.post(cancel); r.status != http.StatusAccepted || r.body != "" {
			t.Errorf("alice: %d %s", r.status, r.body)
		}
		r := <-answer
		if len(wiki.heard("notifications/cancelled")) != 1 || strings.Contains(r.body, "jsonrpc") {
			t.Errorf("the server heard %d, the client got %q", len(wiki.heard("notifications/cancelled")), r.body)
		}
	})
}

// Nothing of the client's request reaches a server but the call, and nothing
// of the server's response the client but the answer.
func TestHeadersStayOnTheirLeg(t *testing.T) {
	inEveryCombination(t, func(t *testing.T, front, back string) {
		n := newTown()
		n.serve("wiki.example", &peer{revision: back, tools: tools("x"), does: map[string]func(http.ResponseWriter, *http.Request, call){
			"tools/call": func(w http.ResponseWriter, _ *http.Request, m call) {
				w.Header().Set("Set-Cookie", "a=b")
				w.Header().Set("Mcp-Session-Id", "theirs")
				w.Header().Set("X-Internal", "10.0.0.7")
				result(w, m, `{"content":[],"resultType":"complete"}`)
			},
		}})
		synced(t, n, nil, server("wiki"))
		alice := connect(t, n, "alice", front)
		for _, name := range []string{"Authorization", "Cookie", "Forwarded", "X-Forwarded-For", "Last-Event-Id", "X-Anything"} {
			alice.header.Set(name, "canary")
		}

		r := alice.call("wiki_x", `{}`)

		for _, s := range n.to("wiki.example") {
			for name, values := range s.header {
				if v := strings.Join(values, " "); strings.Contains(v, "canary") || name == "Cf-Access-Jwt-Assertion" || alice.session != "" && v == alice.session {
					t.Errorf("%s: %s reached the server", name, v)
				}
			}
		}
		for _, name := range []string{"Set-Cookie", "Mcp-Session-Id", "X-Internal"} {
			if v := r.header.Get(name); v != "" {
				t.Errorf("%s: %s reached the client", name, v)
			}
		}
		if r.status != http.StatusOK {
			t.Errorf("%d %s", r.status, r.body)
		}
	})
}

func TestOneConversationPerSessionAndServer(t *testing.T) {
	n := newTown()
	wiki := &peer{revision: stateful, tools: tools("x")}
	n.serve("wiki.example", wiki)
	synced(t, n, nil, server("wiki"))
	alice, again, bob := connect(t, n, "alice", stateful), connect(t, n, "alice", stateful), connect(t, n, "bob", stateful)
	before := len(wiki.heard("initialize"))
	for range 3 {
		for _, c := range []*client{alice, again, bob} {
			c.call("wiki_x", `{}`)
		}
	}
	if opened := len(wiki.heard("initialize")) - before; opened != 3 {
		t.Errorf("%d conversations", opened)
	}

	deletions := len(wiki.heard("DELETE"))
	if r := alice.send(t.Context(), http.MethodDelete, nil, ""); r.status != http.StatusNoContent {
		t.Errorf("DELETE: %d", r.status)
	}
	if closed := len(wiki.heard("DELETE")) - deletions; closed != 1 {
		t.Errorf("%d conversations were closed", closed)
	}
	if r := again.call("wiki_x", `{}`); r.status != http.StatusOK {
		t.Errorf("the other session: %d", r.status)
	}
}

func TestCallsGoThroughTheGatewayIfTheServerOrThePortalSaysSo(t *testing.T) {
	for _, c := range []struct {
		all, one bool
		want     string
	}{{false, false, "direct"}, {true, false, "gateway"}, {false, true, "gateway"}, {true, true, "gateway"}} {
		t.Run(fmt.Sprint(c.all, c.one), func(t *testing.T) {
			n := newTown()
			n.serve("wiki.example", &peer{tools: tools("x")})
			wiki := server("wiki")
			wiki.Gateway = c.one
			p := synced(t, n, func(pc *portal.Config) { pc.RouteAll = c.all }, wiki)
			connect(t, n, "alice", stateful).call("wiki_x", `{}`)
			for _, s := range n.to("wiki.example") {
				if s.via != c.want {
					t.Errorf("a call went %s", s.via)
				}
			}

			n.forget()
			if _, err := p.Sync(t.Context(), "wiki"); err != nil {
				t.Fatal(err)
			}
			if len(n.to("wiki.example")) == 0 {
				t.Error("the sync sent nothing")
			}
			for _, s := range n.to("wiki.example") {
				if s.via != "direct" {
					t.Errorf("the sync went %s", s.via)
				}
			}
		})
	}
}

func TestAStreamIsNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		n.serve("wiki.example", &peer{revision: stateful, tools: tools("slow"), does: map[string]func(http.ResponseWriter, *http.Request, call){
			"tools/call": func(w http.ResponseWriter, _ *http.Request, m call) {
				stream(w, `{"jsonrpc":"2.0","method":"notifications/vendor"}`)
				time.Sleep(10 * time.Second)
				stream(w, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID))
			},
		}})
		synced(t, n, nil, server("wiki"))
		alice := connect(t, n, "alice", stateful)
		began := time.Now()
		resp, err := alice.begin(t.Context(), http.MethodPost, nil, alice.request("tools/call", `"name":"wiki_slow"`))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		first := make([]byte, 16)
		if _, err := io.ReadFull(resp.Body, first); err != nil || time.Since(began) > time.Second {
			t.Errorf("the first event came after %v, %v", time.Since(began), err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
	})
}

// The same after the answer has begun: what can no longer be written does not
// end the call.
func TestGoingAwayInTheMiddleOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown()
		var finished atomic.Bool
		n.serve("wiki.example", &peer{revision: stateless, tools: tools("slow"), does: map[string]func(http.ResponseWriter, *http.Request, call){
			"tools/call": func(w http.ResponseWriter, r *http.Request, m call) {
				for range 5 {
					stream(w, `{"jsonrpc":"2.0","method":"notifications/vendor"}`)
					time.Sleep(time.Second)
				}
				finished.Store(r.Context().Err() == nil)
				stream(w, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete"}}`, m.ID))
			},
		}})
		synced(t, n, nil, server("wiki"))
		alice := connect(t, n, "alice", stateful)
		resp, err := alice.begin(t.Context(), http.MethodPost, nil, alice.request("tools/call", `"name":"wiki_slow"`))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		time.Sleep(10 * time.Second)
		if !finished.Load() {
			t.Error("the call was given up")
		}
	})
}
