package interop_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// town starts `portico up` on free ports and gives its MCP endpoint.
func town(t *testing.T) (endpoint string) {
	t.Helper()
	program := os.Getenv("PORTICO")
	if program == "" {
		program = filepath.Join(t.TempDir(), "portico")
		build := exec.Command("go", "build", "-o", program, "./cmd/portico")
		build.Dir = "../.."
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build portico: %v\n%s", err, out)
		}
	}
	cmd := exec.Command(program, "up", "--json", "--port", "0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		if err := cmd.Wait(); err != nil {
			t.Errorf("portico up ended with %v", err)
		}
	})
	var ready struct{ Endpoint string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	return ready.Endpoint
}

// npm gives the path of a program that npm installed here.
func npm(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("node_modules", ".bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not installed (npm ci, in this folder): it is not tested", name)
	}
	return path
}

// mcp-remote is how editors that know no OAuth reach a remote server. It finds
// the door by itself, prints an address, and waits for a browser to come back.
func TestMCPRemoteGoesThroughTheWholeDoor(t *testing.T) {
	program := npm(t, "mcp-remote")
	browser := chromium(t)
	endpoint := town(t)

	remote := transport.NewStdioWithOptions(program, nil, []string{endpoint, "--allow-http"}, transport.WithCommandFunc(
		func(ctx context.Context, command string, env []string, args []string) (*exec.Cmd, error) {
			cmd := exec.CommandContext(ctx, command, args...)
			cmd.Env = append(os.Environ(), "MCP_REMOTE_CONFIG_DIR="+t.TempDir(), "BROWSER=true")
			return cmd, nil
		}))
	if err := remote.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	limit, end := context.WithTimeout(t.Context(), 60*time.Second)
	defer end()
	ctx, cancel := context.WithCancelCause(limit)
	defer cancel(nil)
	signedIn := make(chan error, 1)
	go func() {
		err := signIn(browser, address(t, remote.Stderr()), "alice@town.example", "alice-likes-badgers", "../../out/pages")
		if err != nil {
			cancel(fmt.Errorf("sign in: %w", err))
		}
		signedIn <- err
	}()
	c := mcpclient.NewClient(remote)
	init := mcp.InitializeRequest{}
	init.Params.ProtocolVersion = "2025-11-25"
	init.Params.ClientInfo = mcp.Implementation{Name: "interop", Version: "1"}
	if _, err := c.Initialize(ctx, init); err != nil {
		t.Fatalf("initialize: %v (%v)", err, context.Cause(ctx))
	}
	if err := <-signedIn; err != nil {
		t.Fatalf("sign in: %v", err)
	}

	want := map[string]string{
		"wiki_search": "3 pages about badgers", "tickets_create": "ticket opened, badgers", "mail_whoami": "alice",
	}
	got := map[string]string{}
	for tool := range want {
		call := mcp.CallToolRequest{}
		call.Params.Name = tool
		call.Params.Arguments = map[string]any{"query": "badgers", "title": "badgers"}
		result, err := c.CallTool(ctx, call)
		if err != nil {
			t.Errorf("%s: %v", tool, err)
			continue
		}
		for _, content := range result.Content {
			if text, ok := content.(mcp.TextContent); ok {
				got[tool] += text.Text
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

var authorize = regexp.MustCompile(`https?://\S*/oauth/authorize\?\S+`)

// address waits for the address that mcp-remote wants a person to open.
func address(t *testing.T, complaints io.Reader) string {
	lines := bufio.NewScanner(complaints)
	for lines.Scan() {
		t.Log(lines.Text())
		if found := authorize.FindString(lines.Text()); found != "" {
			go func() { _, _ = io.Copy(io.Discard, complaints) }()
			return strings.TrimSpace(found)
		}
	}
	return ""
}
