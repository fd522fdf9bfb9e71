package upstream_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/upstream"
)

// callBody is a tools/call; more goes into params, with a comma in front.
func callBody(id, tool, arguments, more string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":%q,"arguments":%s%s}}`, id, tool, arguments, more)
}

func TestBehaviourFromYAML(t *testing.T) {
	var tool struct{ Does upstream.Behaviour }
	if err := yaml.Unmarshal([]byte("does: echo"), &tool); err != nil || tool.Does != upstream.DoesEcho {
		t.Errorf("%q, %v", tool.Does, err)
	}
}

// TestProgressOfConcurrentCalls: every call of one session hears its own
// progress, all of it, in order, under the very token it gave.
func TestProgressOfConcurrentCalls(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools()})
	session := open(t, base, nil)
	const first, calls, to = 9007199254740993, 8, 20 // the tokens do not fit a float
	for era, c := range map[string]struct {
		header header
		meta   string
	}{
		stateful:  {session, `,"_meta":{"progressToken":%d}`},
		stateless: {modern("tools/call", "count"), `,"_meta":{"progressToken":%d,` + strings.TrimPrefix(meta, `"_meta":{`)},
	} {
		var wg sync.WaitGroup
		for i := range calls {
			wg.Go(func() {
				token := first + i
				a := post(t, base, c.header, callBody(fmt.Sprint(i+1), "count", `{"to":20}`, fmt.Sprintf(c.meta, token)))
				var got []string
				for line := range strings.Lines(a.body) {
					if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok {
						got = append(got, data)
					}
				}
				var want []string
				for n := 1; n <= to; n++ {
					want = append(want, fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%d,"progress":%d,"total":%d}}`, token, n, to))
				}
				if len(got) != to+1 {
					t.Errorf("%s: %d events: %s", era, len(got), a.body)
					return
				}
				if diff := cmp.Diff(want, got[:to]); diff != "" {
					t.Errorf("%s, call %d (-want +got):\n%s", era, i, diff)
				}
				if m := a.rpc(t); string(m.ID) != fmt.Sprint(i+1) || !strings.Contains(string(m.Result), "counted to 20") {
					t.Errorf("%s, call %d ends with %s", era, i, got[to])
				}
			})
		}
		wg.Wait()
	}
}

func TestNoProgressWithoutToken(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools()})
	a := post(t, base, open(t, base, nil), callBody("1", "count", `{"to":5}`, ""))
	if a.header.Get("Content-Type") != "application/json" || strings.Contains(a.body, "progress") {
		t.Errorf("%s: %s", a.header.Get("Content-Type"), a.body)
	}
}

func TestErrors(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools(), Prompts: prompts()})
	session := open(t, base, nil)
	prompt := `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"summary","arguments":{}%s}}`
	for name, c := range map[string]struct {
		header header
		body   string
		status int
		code   int
		data   string
	}{
		"refuse, stateful":              {session, callBody("1", "refuse", `{}`, ""), 200, upstream.RefusalCode, `{"retry":false,"tool":"refuse"}`},
		"refuse, stateless":             {modern("tools/call", "refuse"), callBody("1", "refuse", `{}`, ","+meta), 200, upstream.RefusalCode, `{"retry":false,"tool":"refuse"}`},
		"unknown tool, stateful":        {session, callBody("1", "dance", `{}`, ""), 200, -32602, ""},
		"unknown tool, stateless":       {modern("tools/call", "dance"), callBody("1", "dance", `{}`, ","+meta), 400, -32602, ""},
		"argument of prompt, stateful":  {session, fmt.Sprintf(prompt, ""), 200, -32602, ""},
		"argument of prompt, stateless": {modern("prompts/get", "summary"), fmt.Sprintf(prompt, ","+meta), 400, -32602, ""},
	} {
		a := post(t, base, c.header, c.body)
		m := a.rpc(t)
		if a.status != c.status || m.Error == nil || m.Error.Code != c.code || string(m.Error.Data) != c.data {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if string(m.ID) != "1" {
			t.Errorf("%s: id %s", name, m.ID)
		}
	}
}

// TestIDComesBackAsItWas: the SDK alone would round it.
func TestIDComesBackAsItWas(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools()})
	session := open(t, base, nil)
	for _, id := range []string{`9007199254740993`, `-1`, `"7"`, `"\u0061"`} {
		if a := post(t, base, session, callBody(id, "echo", `{}`, "")); string(a.rpc(t).ID) != id {
			t.Errorf("id %s came back: %s", id, a.body)
		}
	}
}

func TestToolDefinitionIsKept(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools()[:1]})
	a := post(t, base, modern("tools/list", ""), list)
	var got struct {
		Tools []struct {
			Title       string
			Description string
			InputSchema json.RawMessage
		}
		ResultType string
		CacheScope string
	}
	if err := json.Unmarshal(a.rpc(t).Result, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Tools) != 1 || got.Tools[0].Title != "Search" || !strings.Contains(string(got.Tools[0].InputSchema), `"x-kept":true`) {
		t.Errorf("%s", a.body)
	}
	if got.ResultType != "complete" || got.CacheScope != "private" {
		t.Errorf("%s", a.body)
	}
}

// TestCancel: an explicit cancel ends a call of 2025-11-25.
func TestCancel(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools()})
	session := open(t, base, nil)
	done := make(chan answer, 1)
	go func() { done <- post(t, base, session, callBody(`"long"`, "slow", `{"ms":60000}`, "")) }()
	for {
		select {
		case a := <-done:
			if a.status != http.StatusOK || a.rpc(t).Error == nil {
				t.Errorf("%d %s", a.status, a.body)
			}
			return
		case <-time.After(5 * time.Millisecond):
			// The call may not have arrived yet.
			post(t, base, session, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"long"}}`)
		}
	}
}
