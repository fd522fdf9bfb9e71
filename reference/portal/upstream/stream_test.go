package upstream_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

func TestNotificationsArriveInOrderBeforeTheAnswer(t *testing.T) {
	eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
		p := around(func(w http.ResponseWriter, r *http.Request, m message) {
			var params struct {
				Meta struct {
					Token string `json:"progressToken"`
				} `json:"_meta"`
			}
			_ = json.Unmarshal(m.Params, &params)
			send := events(w)
			send(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info", "data":1.0}}`)
			send(`{"x":1,"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"%s","progress":1.0}}`, params.Meta.Token)
			send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"somebody else's","progress":9}}`)
			send(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
		})
		c := open(t, loopback(t, p))
		var got []string
		_, err := c.Do(t.Context(), call(c, `{"name":"a","_meta":{"progressToken":9007199254740993}}`), func(raw []byte) error {
			got = append(got, string(raw))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info", "data":1.0}}`,
			`{"x":1,"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9007199254740993,"progress":1.0}}`,
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestProgressThatNobodyAskedForIsDropped(t *testing.T) {
	p := stateless(func(w http.ResponseWriter, r *http.Request, m message) {
		send := events(w)
		send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1}}`, m.ID)
		send(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
	})
	c := open(t, loopback(t, p))
	_, err := c.Do(t.Context(), call(c, `{"name":"a"}`), func(raw []byte) error {
		t.Errorf("got %s", raw)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFailingNotifyCancelsTheCall(t *testing.T) {
	gone := errors.New("client gone")
	p := stateful(func(w http.ResponseWriter, r *http.Request, m message) {
		send := events(w)
		send(`{"jsonrpc":"2.0","method":"notifications/message","params":{}}`)
		<-r.Context().Done()
	})
	c := open(t, loopback(t, p))
	_, err := c.Do(t.Context(), call(c, `{"name":"a"}`), func([]byte) error { return gone })
	if !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
	if d := cmp.Diff(handshake+" tools/call notifications/cancelled", p.sequence()); d != "" {
		t.Error(d)
	}
}

func TestRequestsOfTheServer(t *testing.T) {
	ask := func(w http.ResponseWriter, r *http.Request, m message) {
		send := events(w)
		send(`{"jsonrpc":"2.0","id":"p","method":"ping"}`)
		send(`{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{}}`)
		send(`{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
	}
	t.Run("of a stateful one are answered", func(t *testing.T) {
		p := stateful(ask)
		c := open(t, loopback(t, p))
		do(t, c, call(c, `{"name":"a"}`))
		if d := cmp.Diff(handshake+" tools/call result error", p.sequence()); d != "" {
			t.Error(d)
		}
		if got := p.got("result")[0]; got.body != `{"jsonrpc":"2.0","id":"p","result":{}}` || got.header.Get("Mcp-Session-Id") != "session-1" {
			t.Errorf("pong %s", got.body)
		}
		if got := p.got("error")[0]; string(got.ID) != "7" || rpc.DecodeError(got.Error).Code != -32601 || !strings.Contains(got.body, "elicitation/create") {
			t.Errorf("refusal %s", got.body)
		}
	})
	t.Run("of a stateless one are not", func(t *testing.T) {
		p := stateless(ask)
		c := open(t, loopback(t, p))
		do(t, c, call(c, `{"name":"a"}`))
		if d := cmp.Diff(discover+" tools/call", p.sequence()); d != "" {
			t.Error(d)
		}
	})
}

// TestManyCallsAtOnce has every client use the same id and token.
func TestManyCallsAtOnce(t *testing.T) {
	eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
		p := around(func(w http.ResponseWriter, r *http.Request, m message) {
			var params struct {
				Name string `json:"name"`
				Meta struct {
					Token json.RawMessage `json:"progressToken"`
				} `json:"_meta"`
			}
			_ = json.Unmarshal(m.Params, &params)
			send := events(w)
			for i := range 5 {
				send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d,"message":"%s"}}`, params.Meta.Token, i, params.Name)
			}
			send(`{"jsonrpc":"2.0","id":%s,"result":{"content":"%s"}}`, m.ID, params.Name)
		})
		c := open(t, loopback(t, p))
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				name := fmt.Sprintf("tool-%d", i)
				var got, want []string
				for n := range 5 {
					want = append(want, fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":%d,"message":"%s"}}`, n, name))
				}
				answer, err := c.Do(t.Context(), call(c, `{"name":"`+name+`","_meta":{"progressToken":1}}`), func(raw []byte) error {
					got = append(got, string(raw))
					return nil
				})
				if err != nil || string(answer.Result) != `{"content":"`+name+`"}` {
					t.Errorf("%s: %s, %v", name, answer.Result, err)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
			})
		}
		all.Wait()
		ids, tokens := map[string]bool{}, map[string]bool{}
		for _, m := range p.got("tools/call") {
			meta, _ := rpc.Lookup(m.Params, "_meta")
			token, _ := rpc.Lookup(meta, "progressToken")
			ids[string(m.ID)], tokens[string(token)] = true, true
		}
		if len(ids) != 50 || len(tokens) != 50 {
			t.Errorf("%d ids and %d tokens for 50 calls", len(ids), len(tokens))
		}
	})
}
