package upstream_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"

	"github.com/portico-mcp/portico/simulators/upstream"
)

const odd = `{ "content" : [{"type":"video","x-f":"<&>"}],"n":1e999,  "x-top":9007199254740993 }`

func TestRawAnswersTheBytes(t *testing.T) {
	s := upstream.NewRaw(upstream.RawConfig{
		Tools: json.RawMessage(`[ {"name":"odd","x-tool":1.0} ]`),
		Answer: func(params, _ json.RawMessage) upstream.RawAnswer {
			if strings.Contains(string(params), `"fail"`) {
				return upstream.RawAnswer{Error: json.RawMessage(`{"code":-32001,"message":"no","data":[1.0]}`)}
			}
			return upstream.RawAnswer{Result: json.RawMessage(odd)}
		},
	})
	base := host(t, s).URL
	session := open(t, base, nil)
	for name, c := range map[string]struct {
		header     header
		body, want string
	}{
		"stateful":         {session, callBody(`"a\u0062"`, "odd", `{"n":1e999}`, ""), `{"jsonrpc":"2.0","id":"a\u0062","result":` + odd + `}`},
		"stateless":        {modern("tools/call", "odd"), callBody("7", "odd", `{}`, ","+meta), `{"jsonrpc":"2.0","id":7,"result":` + odd + `}`},
		"error, stateful":  {session, callBody("7", "fail", `{}`, ""), `{"jsonrpc":"2.0","id":7,"error":{"code":-32001,"message":"no","data":[1.0]}}`},
		"error, stateless": {modern("tools/call", "fail"), callBody("7", "fail", `{}`, ","+meta), `{"jsonrpc":"2.0","id":7,"error":{"code":-32001,"message":"no","data":[1.0]}}`},
		"list":             {session, `{"jsonrpc":"2.0","id":7,"method":"tools/list"}`, `{"jsonrpc":"2.0","id":7,"result":{"tools":[ {"name":"odd","x-tool":1.0} ]}}`},
	} {
		a := post(t, base, c.header, c.body)
		if a.status != http.StatusOK || a.body != c.want || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestRawNotifications(t *testing.T) {
	progress := `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":` + upstream.ProgressToken + `,"progress":1.50}}`
	message := `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}`
	base := host(t, upstream.NewRaw(upstream.RawConfig{Answer: func(_, _ json.RawMessage) upstream.RawAnswer {
		return upstream.RawAnswer{
			Notifications: []json.RawMessage{json.RawMessage(progress), json.RawMessage(message)}, Result: json.RawMessage("{\n}"),
		}
	}})).URL
	session := open(t, base, nil)
	event := func(data string) string { return "event: message\ndata: " + data + "\n\n" }
	result := "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\ndata: }}\n\n"
	a := post(t, base, session, callBody("7", "x", `{}`, `,"_meta":{"progressToken":9007199254740993}`))
	want := event(strings.Replace(progress, upstream.ProgressToken, "9007199254740993", 1)) + event(message) + result
	if diff := cmp.Diff(want, a.body); diff != "" {
		t.Errorf("with a token (-want +got):\n%s", diff)
	}
	a = post(t, base, session, callBody("7", "x", `{}`, ""))
	if diff := cmp.Diff(event(message)+result, a.body); diff != "" {
		t.Errorf("without a token (-want +got):\n%s", diff)
	}
}

func TestRawReceived(t *testing.T) {
	s := upstream.NewRaw(upstream.RawConfig{})
	base := host(t, s).URL
	bodies := []string{`{"jsonrpc":`, initialize, `{ "jsonrpc":"2.0", "method":"x" }`}
	for _, body := range bodies {
		post(t, base, plain, body)
	}
	var got []string
	for _, body := range s.Received() {
		got = append(got, string(body))
	}
	if diff := cmp.Diff(bodies, got); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

func TestRawRefusals(t *testing.T) {
	discover := strings.Replace(list, "tools/list", "server/discover", 1)
	for name, c := range map[string]struct {
		revision string
		header   header
		body     string
		status   int
		code     int // 0: plain text
	}{
		"modern at stateful":        {stateful, modern("server/discover", ""), discover, 400, 0},
		"initialize at stateless":   {stateless, plain, initialize, 400, -32022},
		"no session":                {"", plain, ping, 400, 0},
		"made-up session":           {"", plain.and(header{"Mcp-Session-Id": "x"}), ping, 404, 0},
		"versions differ":           {"", modern("tools/list", "").and(header{"Mcp-Protocol-Version": stateful}), list, 400, -32020},
		"later version":             {"", modern("tools/list", "").and(header{"Mcp-Protocol-Version": "2027-01-01"}), strings.Replace(list, stateless, "2027-01-01", 1), 400, -32022},
		"wrong method header":       {"", modern("tools/call", ""), list, 400, -32020},
		"wrong name header":         {"", modern("tools/call", "y"), callBody("1", "x", `{}`, ","+meta), 400, -32020},
		"unknown method, stateless": {"", modern("dance", ""), strings.Replace(list, "tools/list", "dance", 1), 404, -32601},
		"ping, stateless":           {"", modern("ping", ""), strings.Replace(list, "tools/list", "ping", 1), 404, -32601},
		"key twice":                 {"", plain, `{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`, 400, -32600},
	} {
		base := host(t, upstream.NewRaw(upstream.RawConfig{Revision: c.revision})).URL
		a := post(t, base, c.header, c.body)
		if a.status != c.status || strings.Contains(a.body, "jsonrpc") != (c.code != 0) || c.code != 0 && a.rpc(t).Error.Code != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	base := host(t, upstream.NewRaw(upstream.RawConfig{})).URL
	session := open(t, base, nil)
	if a := send(t, http.MethodGet, base+"/mcp", session, ""); a.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", a.status)
	}
	if a := post(t, base, session, strings.Replace(ping, "ping", "dance", 1)); a.status != http.StatusOK || a.rpc(t).Error.Code != -32601 {
		t.Errorf("unknown method, stateful: %d %s", a.status, a.body)
	}
	send(t, http.MethodDelete, base+"/mcp", session, "")
	if a := post(t, base, session, ping); a.status != http.StatusNotFound {
		t.Errorf("after DELETE: %d %s", a.status, a.body)
	}
}

// TestRawWithClient: the SDK's client gets along with a server that has none.
func TestRawWithClient(t *testing.T) {
	for _, revision := range []string{stateful, stateless} {
		base := host(t, upstream.NewRaw(upstream.RawConfig{Name: "wiki", Revision: revision, Answer: func(_, _ json.RawMessage) upstream.RawAnswer {
			return upstream.RawAnswer{Result: json.RawMessage(`{"resultType":"complete","content":[{"type":"text","text":"raw"}]}`)}
		}})).URL
		wiki := connect(t, base, revision, &http.Client{})
		if said := text(callTool(t, wiki, "x", nil)); said != "raw" {
			t.Errorf("%s: %q", revision, said)
		}
	}
	base := host(t, upstream.NewRaw(upstream.RawConfig{Revision: stateful})).URL
	wire, err := transport.NewStreamableHTTP(base + "/mcp")
	if err != nil {
		t.Fatal(err)
	}
	fallsBack(t, client.NewClient(wire))
}
