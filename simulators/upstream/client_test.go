package upstream_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/portico-mcp/portico/simulators/upstream"
)

// connect makes a client of one revision, which ends with the test.
func connect(t *testing.T, base, revision string, over *http.Client) *client.Client {
	t.Helper()
	wire, err := transport.NewStreamableHTTP(base+"/mcp", transport.WithHTTPBasicClient(over))
	if err != nil {
		t.Fatal(err)
	}
	c := client.NewClient(wire, client.WithProtocolVersion(revision))
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = revision
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	welcome, err := c.Initialize(ctx, hello)
	if err != nil {
		t.Fatalf("connect with %s: %v", revision, err)
	}
	if welcome.ProtocolVersion != revision || welcome.ServerInfo.Name != "wiki" {
		t.Fatalf("welcomed by %s with %s", welcome.ServerInfo.Name, welcome.ProtocolVersion)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func callTool(t *testing.T, c *client.Client, name string, arguments any) *mcp.CallToolResult {
	t.Helper()
	result, err := c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: name, Arguments: arguments}})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return result
}

func text(r *mcp.CallToolResult) string {
	var all []string
	for _, c := range r.Content {
		if said, ok := c.(mcp.TextContent); ok {
			all = append(all, said.Text)
		}
	}
	return strings.Join(all, "\n")
}

// TestClient goes through every behaviour with the SDK's client, in both
// revisions, at servers that are pinned and at one that is not.
func TestClient(t *testing.T) {
	for _, c := range []struct{ pinned, spoken string }{
		{stateful, stateful}, {stateless, stateless}, {"", stateful}, {"", stateless},
	} {
		t.Run(c.pinned+" "+c.spoken, func(t *testing.T) {
			_, base := start(t, upstream.Config{Name: "wiki", Revision: c.pinned, Tools: tools(), Prompts: prompts()})
			wiki := connect(t, base, c.spoken, &http.Client{})
			listTools(t, wiki)
			callTools(t, wiki)
			prompt, err := wiki.GetPrompt(t.Context(), mcp.GetPromptRequest{Params: mcp.GetPromptParams{Name: "summary", Arguments: map[string]string{"page": "Badgers"}}})
			if err != nil {
				t.Fatal(err)
			}
			if said := prompt.Messages[0].Content.(mcp.TextContent).Text; said != "Sum up Badgers." {
				t.Errorf("prompt says %q", said)
			}
		})
	}
}

func listTools(t *testing.T, wiki *client.Client) {
	t.Helper()
	list, err := wiki.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	want := []string{"big", "count", "echo", "fail", "refuse", "search", "slow", "whoami"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("tools (-want +got):\n%s", diff)
	}
}

func callTools(t *testing.T, wiki *client.Client) {
	t.Helper()
	for _, c := range []struct {
		tool      string
		arguments string
		text      string
		isError   bool
	}{
		{"search", `{"query":"badgers {query}"}`, "3 pages about badgers {query}", false},
		{"search", `{}`, "", true}, // the schema requires a query
		{"echo", `{"n":9007199254740993,"a":[null]}`, `{"n":9007199254740993,"a":[null]}`, false},
		{"whoami", `{}`, "nobody", false},
		{"count", `{"to":3}`, "counted to 3", false},
		{"count", `{"to":0}`, "to must be a number from 1 to 10000", true},
		{"fail", `{}`, "the tool failed", true},
		{"slow", `{"ms":1}`, "waited 1 ms", false},
		{"slow", `{"ms":"x"}`, "ms must be a number from 1 to 3600000", true},
	} {
		result := callTool(t, wiki, c.tool, json.RawMessage(c.arguments))
		if result.IsError != c.isError || c.text != "" && text(result) != c.text {
			t.Errorf("%s %s: isError %v, %q", c.tool, c.arguments, result.IsError, text(result))
		}
	}
	if structured := string(callTool(t, wiki, "echo", json.RawMessage(`{"n":9007199254740993}`)).RawStructuredContent); structured != `{"n":9007199254740993}` {
		t.Errorf("echo: structured content %s", structured)
	}
	if n := len(text(callTool(t, wiki, "big", map[string]any{"kb": 200}))); n != 200<<10 {
		t.Errorf("big: %d bytes", n)
	}
	if _, err := wiki.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "refuse"}}); err == nil || !strings.Contains(err.Error(), "the server refuses") {
		t.Errorf("refuse: %v", err)
	}
}

// TestListen: a change of the tools reaches a subscriptions/listen stream.
func TestListen(t *testing.T) {
	s, base := start(t, upstream.Config{Name: "wiki", Tools: tools()})
	wiki := connect(t, base, stateless, &http.Client{})
	heard := make(chan string, 4)
	wiki.OnNotification(func(n mcp.JSONRPCNotification) { heard <- n.Method })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- wiki.Listen(ctx, mcp.SubscriptionFilter{ToolsListChanged: true}) }()
	if m := <-heard; m != "notifications/subscriptions/acknowledged" {
		t.Errorf("first: %s", m)
	}
	if err := s.SetTools(tools()[:2]); err != nil {
		t.Fatal(err)
	}
	if m := <-heard; m != "notifications/tools/list_changed" {
		t.Errorf("then: %s", m)
	}
	cancel()
	<-done
}

// fallsBack connects a client that asks for the newest revision first.
func fallsBack(t *testing.T, c *client.Client) {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	welcome, err := c.Initialize(t.Context(), hello)
	if err != nil || welcome.ProtocolVersion != stateful {
		t.Errorf("after a probe: %v, %v", welcome, err)
	}
}

// TestProbe: a client that tries 2026-07-28 first finds its way to a server of
// 2025-11-25 by the answer it gets.
func TestProbe(t *testing.T) {
	_, base := start(t, upstream.Config{Revision: stateful})
	wire, err := transport.NewStreamableHTTP(base + "/mcp")
	if err != nil {
		t.Fatal(err)
	}
	fallsBack(t, client.NewClient(wire))
}
