package interop_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// npm gives the path of a program that npm installed here, for Node.js.
func npm(t *testing.T, name string) string {
	t.Helper()
	node(t)
	return installed(t, ".bin", name)
}

// installed gives the path of something that npm installed here.
func installed(t *testing.T, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	full, err := filepath.Abs(filepath.Join("node_modules", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(full); err != nil {
		t.Skipf("%s is not installed (npm ci, in this folder): it is not tested", name)
	}
	return full
}

// mcp-remote is how editors that know no OAuth reach a remote server. It finds
// the door by itself, prints an address, and waits for a browser to come back.
// A client of mcp-go's asks it over a pipe, as an editor would.
type mcpRemote struct {
	*mcpclient.Client
	stdin, complaints io.Closer
	cmd               *exec.Cmd
}

func connectMCPRemote(args ...string) connector {
	return func(t *testing.T, ctx context.Context, d door) (conversation, error) {
		cmd := exec.CommandContext(ctx, npm(t, "mcp-remote"), append([]string{d.endpoint, "--allow-http"}, args...)...)
		cmd.Env = append(os.Environ(), "MCP_REMOTE_CONFIG_DIR="+d.kept, "BROWSER=true")
		complaints, w := io.Pipe()
		cmd.Stderr = w
		stdin, stdout, err := pipes(cmd)
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		go answerDoor(complaints, d)
		r := mcpRemote{mcpclient.NewClient(transport.NewIO(stdout, stdin, io.NopCloser(strings.NewReader("")))), stdin, w, cmd}
		if err := r.Start(ctx); err != nil {
			return r, err
		}
		init := mcp.InitializeRequest{}
		init.Params.ProtocolVersion = "2025-11-25"
		init.Params.ClientInfo = mcp.Implementation{Name: "interop", Version: "1"}
		_, err = r.Initialize(ctx, init)
		return r, err
	}
}

func pipes(cmd *exec.Cmd) (io.WriteCloser, io.ReadCloser, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	return stdin, stdout, err
}

var authorize = regexp.MustCompile(`https?://\S*/oauth/authorize\?\S+`)

// answerDoor opens every address that mcp-remote wants a person to open.
func answerDoor(complaints io.Reader, d door) {
	opened := map[string]bool{}
	lines := bufio.NewScanner(complaints)
	for lines.Scan() {
		found := authorize.FindString(lines.Text())
		if found == "" || opened[found] {
			continue
		}
		opened[found] = true
		d.open(found)
	}
	_, _ = io.Copy(io.Discard, complaints)
}

func (r mcpRemote) tools(ctx context.Context) ([]string, error) {
	list, err := r.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return names, nil
}

func (r mcpRemote) call(ctx context.Context, tool string, args map[string]any) (string, error) {
	call := mcp.CallToolRequest{}
	call.Params.Name = tool
	call.Params.Arguments = args
	result, err := r.CallTool(ctx, call)
	if err != nil {
		return "", err
	}
	text := ""
	for _, content := range result.Content {
		if c, ok := content.(mcp.TextContent); ok {
			text += c.Text
		}
	}
	return text, nil
}

// close ends the pipe, at which mcp-remote says goodbye and ends.
func (r mcpRemote) close() error {
	_ = r.stdin.Close()
	defer r.complaints.Close()
	return r.cmd.Wait()
}
