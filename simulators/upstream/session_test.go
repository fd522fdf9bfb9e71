package upstream_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/simulators/upstream"
)

func TestSessionRefusals(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools()})
	session := open(t, base, nil)
	ended := open(t, base, nil)
	if a := send(t, http.MethodDelete, base+"/mcp", ended, ""); a.status != http.StatusOK {
		t.Fatalf("DELETE: %d %s", a.status, a.body)
	}
	for name, c := range map[string]struct {
		header header
		body   string
		status int
	}{
		"no session":               {session.and(header{"Mcp-Session-Id": ""}), ping, 400},
		"invented session":         {session.and(header{"Mcp-Session-Id": "mcp-session-0b0b3c5e-6f3c-4f0e-9d1c-5b0a6a1d7a11"}), ping, 404},
		"terminated session":       {ended, ping, 404},
		"no version":               {session.and(header{"Mcp-Protocol-Version": ""}), ping, 400},
		"not the negotiated one":   {session.and(header{"Mcp-Protocol-Version": "2025-06-18"}), ping, 400},
		"unknown version":          {session.and(header{"Mcp-Protocol-Version": "2020-01-01"}), ping, 400},
		"initialize in a session":  {session, initialize, 400},
		"initialize, no version":   {plain, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`, 400},
		"initialize without an id": {plain, strings.Replace(initialize, `"id":1,`, "", 1), 400},
	} {
		t.Run(name, func(t *testing.T) {
			if a := post(t, base, c.header, c.body); a.status != c.status {
				t.Errorf("POST: status %d, want %d: %s", a.status, c.status, a.body)
			}
			if strings.HasPrefix(name, "initialize") {
				return
			}
			for _, verb := range []string{http.MethodGet, http.MethodDelete} {
				if a := send(t, verb, base+"/mcp", c.header, ""); a.status != c.status {
					t.Errorf("%s: status %d, want %d: %s", verb, a.status, c.status, a.body)
				}
			}
		})
	}
}

func TestRequestsWaitForInitialized(t *testing.T) {
	_, base := start(t, upstream.Config{Tools: tools()})
	a := post(t, base, plain, initialize)
	h := plain.and(header{"Mcp-Session-Id": a.header.Get("Mcp-Session-Id"), "Mcp-Protocol-Version": stateful})
	if a := post(t, base, h, ping); a.status != http.StatusOK {
		t.Errorf("ping: %d %s", a.status, a.body)
	}
	tools := `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`
	if a := post(t, base, h, tools); a.status != http.StatusBadRequest || a.rpc(t).Error.Code != -32600 {
		t.Errorf("before: %d %s", a.status, a.body)
	}
	post(t, base, h, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	if a := post(t, base, h, tools); a.status != http.StatusOK {
		t.Errorf("after: %d %s", a.status, a.body)
	}
}

func TestForgetSessions(t *testing.T) {
	s, base := start(t, upstream.Config{})
	session := open(t, base, nil)
	s.ForgetSessions()
	if a := post(t, base, session, ping); a.status != http.StatusNotFound {
		t.Errorf("%d %s", a.status, a.body)
	}
	open(t, base, nil)
}

// TestStreamOfSession: a change of the tools is told on the GET stream, and not
// on the answer of a later request.
func TestStreamOfSession(t *testing.T) {
	s, base := start(t, upstream.Config{Tools: tools()})
	session := open(t, base, nil)
	response := stream(t, base, session)
	if response.StatusCode != http.StatusOK || response.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("GET: %v", response)
	}
	if a := send(t, http.MethodGet, base+"/mcp", session, ""); a.status != http.StatusConflict {
		t.Errorf("second stream: %d %s", a.status, a.body)
	}
	if a := send(t, http.MethodGet, base+"/mcp", session.and(header{"Accept": "application/json"}), ""); a.status != http.StatusNotAcceptable {
		t.Errorf("Accept without streams: %d", a.status)
	}
	if err := s.SetTools(tools()[:1]); err != nil {
		t.Fatal(err)
	}
	if heard := data(t, response); !strings.Contains(heard, "notifications/tools/list_changed") {
		t.Errorf("stream says %q", heard)
	}
	a := post(t, base, session, `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`)
	if a.header.Get("Content-Type") != "application/json" || strings.Contains(a.body, "echo") {
		t.Errorf("list after the change: %s %s", a.header.Get("Content-Type"), a.body)
	}
}

func TestEndOfSessionEndsItsStream(t *testing.T) {
	_, base := start(t, upstream.Config{})
	session := open(t, base, nil)
	response := stream(t, base, session)
	send(t, http.MethodDelete, base+"/mcp", session, "")
	if b, err := io.ReadAll(response.Body); err != nil || len(b) > 0 {
		t.Errorf("stream: %q, %v", b, err)
	}
}

// data is the first data line of a stream.
func data(t *testing.T, response *http.Response) string {
	t.Helper()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return text
		}
	}
	t.Fatalf("the stream ended: %v", lines.Err())
	return ""
}

// stream opens the GET stream of a session; it ends with the test.
func stream(t *testing.T, base string, session header) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/mcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range session {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}
