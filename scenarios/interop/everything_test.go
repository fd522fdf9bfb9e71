package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	neighbours "github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// everything starts the MCP project's own everything server and gives its
// endpoint.
func everything(t *testing.T) string {
	t.Helper()
	program := npm(t, "mcp-server-everything")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	cmd := exec.Command(program, "streamableHttp")
	cmd.Env = append(os.Environ(), fmt.Sprintf("PORT=%d", port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	listening(t, address)
	return "http://" + address + "/mcp"
}

// behind puts the server behind a portal and connects alice.
func behind(t *testing.T, endpoint, revision string) *client.Session {
	t.Helper()
	if err := inprocess.Warm(); err != nil {
		t.Fatal(err)
	}
	world := fixtures.World{Name: "everything", People: []string{"alice"}, Admin: "carol", Servers: []fixtures.Server{
		{ID: "everything", Auth: fixtures.Unauthenticated, URL: endpoint},
	}}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	built, err := inprocess.OpenOn(t.Context(), neighbours.Config{Network: network.Loopback(network.LoopbackConfig{}), World: world}, log)
	if err != nil {
		t.Fatal(err)
	}
	town := &built.Town
	t.Cleanup(town.Close)
	alice, err := fixtures.LoadPerson("alice")
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, client.Config{
		Endpoint: town.Endpoint, Revision: revision, Name: "alice", HTTP: dial(t, town, "alice", trace.Client),
		Browser: client.NewBrowser(dial(t, town, "alice.browser", trace.Browser), client.Login{Username: alice.Email, Password: alice.Password}),
	})
}

func dial(t *testing.T, town *target.Town, party trace.Party, role trace.Role) *http.Client {
	t.Helper()
	c, err := town.Client(party, role)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func connect(t *testing.T, c client.Config) *client.Session {
	t.Helper()
	session, err := client.New(c).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close(context.Background()) })
	return session
}

// The server's tools are listed and answer through the portal as they do
// without one, in both revisions, though the server speaks only one.
func TestTheEverythingServerStandsBehindThePortal(t *testing.T) {
	endpoint := everything(t)
	direct := connect(t, client.Config{Endpoint: endpoint, Revision: "2025-11-25", Name: "direct"})
	for _, revision := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(revision, func(t *testing.T) {
			through := behind(t, endpoint, revision)

			want, got := tools(t, direct, ""), tools(t, through, "everything_")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tools (-direct +through the portal):\n%s", diff)
			}
			if len(want) < 5 {
				t.Errorf("only %d tools", len(want))
			}
			calls := map[string]any{
				"echo":                   map[string]any{"message": "badgers <&> ☃"},
				"get-sum":                map[string]any{"a": 2, "b": 40},
				"get-tiny-image":         map[string]any{},
				"get-annotated-message":  map[string]any{"messageType": "error", "includeImage": true},
				"get-structured-content": map[string]any{"location": "New York"},
				"get-resource-links":     map[string]any{"count": 3},
			}
			for tool, args := range calls {
				want, got := result(t, direct, tool, args), result(t, through, "everything_"+tool, args)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-direct +through the portal):\n%s", tool, diff)
				}
			}
		})
	}
}

// tools is the definitions of all tools by their own names, without what the
// newer revision does not have.
func tools(t *testing.T, s *client.Session, prefix string) map[string]any {
	t.Helper()
	list, err := s.ListTools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, tool := range list {
		var definition map[string]any
		if err := json.Unmarshal(tool.Raw, &definition); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(tool.Name, prefix)
		definition["name"] = name
		execution, _ := definition["execution"].(map[string]any)
		delete(definition, "execution")
		if execution["taskSupport"] != "required" {
			all[name] = definition
		}
	}
	return all
}

// result is the result of a call without what the newer revision adds.
func result(t *testing.T, s *client.Session, tool string, args any) map[string]any {
	t.Helper()
	r, err := s.Call(t.Context(), tool, args)
	if err != nil {
		t.Errorf("%s: %v", tool, err)
		return nil
	}
	var members map[string]any
	if err := json.Unmarshal(r.Raw, &members); err != nil {
		t.Fatal(err)
	}
	delete(members, "resultType")
	return members
}
