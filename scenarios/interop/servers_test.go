package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/client"
)

// goSDKServer starts a server of the official Go SDK with two tools.
func goSDKServer(t *testing.T) string {
	t.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "mine", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "greet", Description: "Greets."},
		func(_ context.Context, _ *mcp.CallToolRequest, in struct {
			Name string `json:"name"`
		}) (*mcp.CallToolResult, any, error) {
			return text("hello, " + in.Name + " ☃"), nil, nil
		})
	mcp.AddTool(server, &mcp.Tool{Name: "add", Description: "Adds."},
		func(_ context.Context, _ *mcp.CallToolRequest, in struct {
			A int `json:"a"`
			B int `json:"b"`
		}) (*mcp.CallToolResult, any, error) {
			return text(fmt.Sprint(in.A + in.B)), nil, nil
		})
	s := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

func text(s string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s}}}
}

// typeScriptServer starts clients/server.mjs with an SDK, "sdk" (1.x) or
// "server" (2.x).
func typeScriptServer(sdk string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		installed(t, "@modelcontextprotocol", sdk)
		cmd := exec.Command(node(t), "clients/server.mjs", sdk)
		var complaints strings.Builder
		cmd.Stderr = &complaints
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		var ready struct{ Endpoint string }
		if err := json.NewDecoder(out).Decode(&ready); err != nil {
			_ = cmd.Wait()
			t.Fatalf("server.mjs: %v\n%s", err, &complaints)
		}
		return ready.Endpoint
	}
}

// Servers that nobody here wrote stand behind the portal, and their tools are
// listed and answer through it, in both revisions.
func TestServersOfOthersStandBehindPortico(t *testing.T) {
	if !knows(t, "up", "--upstream") {
		t.Skip("this portico has no `portico up --upstream`: servers of others are not tested behind it")
	}
	two := []string{"mine_add", "mine_greet"}
	for _, s := range []struct {
		name  string
		start func(*testing.T) string
		tools []string // nil: at least five
		call  string
		args  map[string]any
		want  string
	}{
		{"Go SDK", goSDKServer, two, "mine_greet", map[string]any{"name": "badger"}, "hello, badger ☃"},
		{"TypeScript SDK 1.x", typeScriptServer("sdk"), two, "mine_greet", map[string]any{"name": "badger"}, "hello, badger ☃"},
		{"TypeScript SDK 2.x", typeScriptServer("server"), two, "mine_add", map[string]any{"a": 2, "b": 40}, "42"},
		{"server-everything", everything, nil, "mine_echo", map[string]any{"message": "badgers"}, "Echo: badgers"},
	} {
		t.Run(s.name, func(t *testing.T) {
			town := up(t, "--upstream", "mine="+s.start(t), "--port", "0")
			for _, revision := range []string{"2025-11-25", "2026-07-28"} {
				alice := visitor(t, town, revision)
				mine := behindMine(t, alice)
				if s.tools != nil && !cmp.Equal(s.tools, mine) || len(mine) < 2 || s.tools == nil && len(mine) < 5 {
					t.Errorf("%s: tools %q, want %q", revision, mine, s.tools)
				}
				if got := textOf(t, alice, s.call, s.args); got != s.want {
					t.Errorf("%s: %s answers %q, want %q", revision, s.call, got, s.want)
				}
			}
		})
	}
}

// visitor connects alice to a town in another process.
func visitor(t *testing.T, o *town, revision string) *client.Session {
	t.Helper()
	alice, err := fixtures.LoadPerson("alice")
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, client.Config{
		Endpoint: o.Endpoint, Revision: revision, Name: "alice",
		Browser: client.NewBrowser(&http.Client{}, client.Login{Username: alice.Email, Password: alice.Password}),
	})
}

// behindMine is the names of the tools of the server "mine".
func behindMine(t *testing.T, s *client.Session) []string {
	t.Helper()
	list, err := s.ListTools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list {
		if strings.HasPrefix(tool.Name, "mine_") {
			names = append(names, tool.Name)
		}
	}
	slices.Sort(names)
	return names
}

// textOf is the text of a call's result.
func textOf(t *testing.T, s *client.Session, tool string, args any) string {
	t.Helper()
	b, err := json.Marshal(result(t, s, tool, args)["content"])
	if err != nil {
		t.Fatal(err)
	}
	var content []struct{ Text string }
	if err := json.Unmarshal(b, &content); err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, c := range content {
		all += c.Text
	}
	return all
}
