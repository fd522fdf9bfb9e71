package upstream_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// The tests of this file hold the reasons of the package comment against the
// mcp-go that is in go.mod. One that fails means that the gap is closed: the
// line about it, and maybe the code that goes round it, can go.

const closed = "mcp-go closed this gap"

func TestGapNotFoundIsTakenForALostSession(t *testing.T) {
	c := mcpGoClient(t, stateless(func(w http.ResponseWriter, r *http.Request, m message) {
		status(w, 404, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"error":{"code":-32601,"message":"no such method"}}`)
	}))
	_, err := c.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	if err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("%s: %v", closed, err)
	}
}

func TestGapVersionErrorListingTheSameVersion(t *testing.T) {
	p := stateful(nil)
	rest := p.answer
	p.answer = func(w http.ResponseWriter, r *http.Request, m message) {
		if m.Method == "server/discover" {
			status(w, 400, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"error":{"code":-32022,"message":"m","data":{"supported":["2026-07-28"],"requested":"2026-07-28"}}}`)
			return
		}
		rest(w, r, m)
	}
	mcpGoClient(t, p)
	if len(p.got("initialize")) == 0 {
		t.Error(closed)
	}
}

func TestGapUnknownResultType(t *testing.T) {
	if _, err := mcpGoCall(t, `{"resultType":"later","content":[]}`); err != nil {
		t.Errorf("%s: %v", closed, err)
	}
}

func TestGapUnknownContentType(t *testing.T) {
	if _, err := mcpGoCall(t, `{"resultType":"complete","content":[{"type":"video"}]}`); err == nil {
		t.Error(closed)
	}
}

func TestGapUnknownMembers(t *testing.T) {
	result, err := mcpGoCall(t, `{"resultType":"complete","content":[{"type":"text","text":"a","x-f":1}],"x-top":1}`)
	if err != nil {
		t.Fatal(err)
	}
	if raw, _ := json.Marshal(result); strings.Contains(string(raw), "x-") {
		t.Errorf("%s: %s", closed, raw)
	}
}

func TestGapEmptyCursor(t *testing.T) {
	p := stateless(func(w http.ResponseWriter, r *http.Request, m message) {
		reply(w, m, `{"resultType":"complete","tools":[],"nextCursor":"","ttlMs":0,"cacheScope":"private"}`)
	})
	if _, err := mcpGoClient(t, p).ListTools(t.Context(), mcp.ListToolsRequest{}); err != nil {
		t.Fatal(err)
	}
	if len(p.got("tools/list")) != 1 {
		t.Error(closed)
	}
}

func TestGapCancellationIsNotTold(t *testing.T) {
	p := stateful(silence)
	c := mcpGoClient(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _ = c.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "a"}})
	_ = c.Close() // whatever it wanted to send is sent by now
	if len(p.got("notifications/cancelled")) != 0 {
		t.Error(closed)
	}
}

func TestGapDeleteCarriesNoCredential(t *testing.T) {
	p := stateful(nil)
	c := mcpGoClient(t, p, transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer secret"}))
	_ = c.Close()
	if got := p.got("initialize")[0].header.Get("Authorization"); got == "" {
		t.Fatal("the credential was not sent at all")
	}
	if deletes := p.got("DELETE"); len(deletes) == 0 || deletes[0].header.Get("Authorization") != "" {
		t.Errorf("%s: %v", closed, deletes)
	}
}

func mcpGoClient(t *testing.T, p *peer, options ...transport.StreamableHTTPCOption) *client.Client {
	t.Helper()
	ts := httptest.NewServer(p)
	c, err := client.NewStreamableHttpClient(ts.URL, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(); ts.CloseClientConnections(); ts.Close() })
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _ = c.Initialize(t.Context(), mcp.InitializeRequest{Params: mcp.InitializeParams{
		ProtocolVersion: mcp.LATEST_PROTOCOL_VERSION, ClientInfo: mcp.Implementation{Name: "c", Version: "1"}}})
	return c
}

func mcpGoCall(t *testing.T, result string) (*mcp.CallToolResult, error) {
	t.Helper()
	c := mcpGoClient(t, stateless(func(w http.ResponseWriter, r *http.Request, m message) { reply(w, m, result) }))
	return c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "a"}})
}
