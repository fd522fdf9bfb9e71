package upstream_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/simulators/upstream"
)

const (
	stateful  = "2025-11-25"
	stateless = "2026-07-28"
)

// header is the header of a request, one value a name.
type header map[string]string

// and is the header with more entries; one with an empty value is taken out.
func (h header) and(more header) header {
	all := maps.Clone(h)
	maps.Copy(all, more)
	for name, value := range all {
		if value == "" {
			delete(all, name)
		}
	}
	return all
}

var plain = header{"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

// modern is the header of a 2026-07-28 request.
func modern(method, name string) header {
	return plain.and(header{"Mcp-Protocol-Version": stateless, "Mcp-Method": method, "Mcp-Name": name})
}

const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

type answer struct {
	status int
	header http.Header
	body   string
}

// rpc is the JSON-RPC message in an answer, the last one of a stream.
func (a answer) rpc(t *testing.T) (m struct {
	ID     json.RawMessage
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
		Data    json.RawMessage
	}
}) {
	t.Helper()
	text := a.body
	if i := strings.LastIndex(text, "data: "); i >= 0 {
		text = text[i+len("data: "):]
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("not a JSON-RPC message: %q", a.body)
	}
	return m
}

// host serves a handler until the test ends.
func host(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func start(t *testing.T, c upstream.Config) (*upstream.Server, string) {
	t.Helper()
	s, err := upstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	h := host(t, s)
	t.Cleanup(func() { _ = s.Close() })
	return s, h.URL
}

// send sends one request and does not follow redirects.
func send(t *testing.T, method, url string, h header, body string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range h {
		request.Header.Set(name, value)
	}
	return do(t, request)
}

func do(t *testing.T, request *http.Request) answer {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(b)}
}

func post(t *testing.T, base string, h header, body string) answer {
	t.Helper()
	return send(t, http.MethodPost, base+"/mcp", h, body)
}

// open opens a session and gives the header of its requests.
func open(t *testing.T, base string, credential header) header {
	t.Helper()
	a := post(t, base, plain.and(credential), initialize)
	id := a.header.Get("Mcp-Session-Id")
	if a.status != http.StatusOK || id == "" {
		t.Fatalf("initialize: %d %s", a.status, a.body)
	}
	h := plain.and(credential).and(header{"Mcp-Session-Id": id, "Mcp-Protocol-Version": stateful})
	if a := post(t, base, h, `{"jsonrpc":"2.0","method":"notifications/initialized"}`); a.status != http.StatusAccepted {
		t.Fatalf("initialized: %d %s", a.status, a.body)
	}
	return h
}

func tools() []upstream.Tool {
	object := json.RawMessage(`{"type":"object"}`)
	return []upstream.Tool{
		{Name: "search", Title: "Search", Description: "Finds pages.", Does: upstream.DoesAnswer, Answer: "3 pages about {query}",
			InputSchema: json.RawMessage(`{"type":"object","properties":{"query":{"type":"string"}},"required":["query"],"x-kept":true}`)},
		{Name: "echo", Does: upstream.DoesEcho, InputSchema: object},
		{Name: "whoami", Does: upstream.DoesWhoami},
		{Name: "count", Does: upstream.DoesCount},
		{Name: "fail", Does: upstream.DoesFail},
		{Name: "refuse", Does: upstream.DoesRefuse},
		{Name: "big", Does: upstream.DoesBig},
		{Name: "slow", Does: upstream.DoesSlow},
	}
}

func prompts() []upstream.Prompt {
	return []upstream.Prompt{{Name: "summary", Description: "Sums up.", Arguments: []string{"page"}, Text: "Sum up {page}."}}
}
