package inprocess_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
	"github.com/portico-mcp/portico/simulators/upstream"
)

// echoTool is the one tool of the raw server.
const echoTool = `[{"name":"echo","inputSchema":{"type":"object","x-vendor":{"big":9007199254740993}},"x-unknown":[1.10,null]}]`

// raw is a server that answers tools/call with the bytes it is told.
type raw struct {
	*upstream.Raw
	mu     sync.Mutex
	answer upstream.RawAnswer
	params json.RawMessage
}

func (r *raw) set(a upstream.RawAnswer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = a
}

func (r *raw) asked() json.RawMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.params
}

// rawTown is a world whose one server is raw, and alice's session in it.
func rawTown(t *testing.T, revision string) (*raw, *client.Session) {
	t.Helper()
	n := network.InMemory()
	host, err := n.Host("raw", trace.Upstream, "raw.example")
	if err != nil {
		t.Fatal(err)
	}
	r := &raw{}
	r.Raw = upstream.NewRaw(upstream.RawConfig{Revision: revision, Tools: json.RawMessage(echoTool), Answer: func(params, _ json.RawMessage) upstream.RawAnswer {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.params = append(json.RawMessage{}, params...)
		return r.answer
	}})
	if err := host.Serve(r); err != nil {
		t.Fatal(err)
	}
	world := fixtures.World{Name: "raw", People: []string{"alice"}, Admin: "carol", Servers: []fixtures.Server{
		{ID: "raw", Auth: fixtures.Unauthenticated, URL: host.Origin() + "/mcp"},
	}}
	built, err := inprocess.OpenOn(t.Context(), town.Config{Network: n, World: world, Revision: revision}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	town := &built.Town
	t.Cleanup(town.Close)
	alice, err := fixtures.LoadPerson("alice")
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(client.Config{
		Endpoint: town.Endpoint, Revision: revision, Name: "fidelity", HTTP: dial(t, town, "alice", trace.Client),
		Browser: client.NewBrowser(dial(t, town, "alice.browser", trace.Browser), client.Login{Username: alice.Email, Password: alice.Password}),
	})
	session, err := c.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r, session
}

// Whatever JSON a client and a server exchange crosses the portal unchanged,
// in both directions, but for the tool's name.
func TestTheRelayChangesNothing(t *testing.T) {
	for _, revision := range scenarios.Revisions {
		t.Run(revision, func(t *testing.T) {
			server, session := rawTown(t, revision)
			rapid.Check(t, func(t *rapid.T) {
				arguments, extra := object(t, "arguments"), value(t, "extra", 2)
				result := answer(t, revision)
				server.set(upstream.RawAnswer{Result: json.RawMessage(result)})

				params := fmt.Sprintf(`"name":"raw_echo","arguments":%s,"x-extra":%s`, arguments, extra)
				status, _, body, err := session.Post(t.Context(), session.Compose("tools/call", params), nil)
				if err != nil || status != http.StatusOK {
					t.Fatalf("status %d, error %v, body %s", status, err, body)
				}

				got := member(t, server.asked(), "arguments")
				if got != arguments {
					t.Fatalf("arguments\n%s\nreached the server as\n%s", arguments, got)
				}
				if got := member(t, server.asked(), "x-extra"); got != extra {
					t.Fatalf("x-extra %s reached the server as %s", extra, got)
				}
				if got := member(t, body, "result"); got != result {
					t.Fatalf("result\n%s\nreached the client as\n%s", result, got)
				}
			})
		})
	}
}

// A tool is listed as its server described it, but for the name.
func TestListsChangeNothingButTheName(t *testing.T) {
	for _, revision := range scenarios.Revisions {
		t.Run(revision, func(t *testing.T) {
			_, session := rawTown(t, revision)
			tools, err := session.ListTools(t.Context())
			if err != nil || len(tools) != 1 {
				t.Fatalf("tools %v, error %v", tools, err)
			}
			want := strings.Replace(echoTool[1:len(echoTool)-1], `"echo"`, `"raw_echo"`, 1)
			if got := string(tools[0].Raw); got != want {
				t.Errorf("listed as\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// member is the raw value of a member of an object.
func member(t *rapid.T, raw []byte, name string) string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return string(members[name])
}

// answer is a result of tools/call, with what the portal cannot know in it.
func answer(t *rapid.T, revision string) string {
	members := []string{
		`"content":[{"type":"hologram","data":` + value(t, "content", 2) + `}]`,
		`"isError":false`,
		`"structuredContent":` + object(t, "structured"),
		`"x-unknown":` + value(t, "unknown", 2),
	}
	if revision == "2026-07-28" {
		members = append(members, `"resultType":"complete"`)
	}
	return "{" + strings.Join(rapid.Permutation(members).Draw(t, "order"), ",") + "}"
}

// object is a JSON object as text: keys in any order, numbers of any length.
func object(t *rapid.T, label string) string {
	n := rapid.IntRange(0, 4).Draw(t, label+" size")
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf(`"%s%d":%s`, rapid.StringMatching(`[a-zA-Z_ äß$.-]{0,6}`).Draw(t, label), i, value(t, label, 2)))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// value is any JSON value as text, at most depth levels deep.
func value(t *rapid.T, label string, depth int) string {
	kinds := 5
	if depth > 0 {
		kinds = 7
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, label+" kind") {
	case 0:
		return rapid.SampledFrom([]string{"null", "true", "false", `""`, "0", "-0", "1E400"}).Draw(t, label)
	case 1:
		return rapid.StringMatching(`-?[1-9][0-9]{0,40}`).Draw(t, label)
	case 2:
		return rapid.StringMatching(`-?[0-9]\.[0-9]{1,30}([eE][+-]?[0-9]{1,3})?`).Draw(t, label)
	case 3:
		return rapid.StringMatching(`"([a-z <>&/äß☃]|\\u00e9|\\n|\\"|\\/|\\ud83d\\ude00){0,12}"`).Draw(t, label)
	case 4:
		return `"` + strings.Repeat("x", rapid.IntRange(0, 3000).Draw(t, label)) + `"`
	case 5:
		return fmt.Sprintf("[%s, %s]", value(t, label, depth-1), value(t, label, depth-1))
	default:
		return fmt.Sprintf(`{"a" : %s}`, value(t, label, depth-1))
	}
}
