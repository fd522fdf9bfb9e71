package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portico-mcp/portico/simulators/client"
)

// seen is a request as it arrived.
type seen struct {
	verb   string
	path   string
	header http.Header
	body   string

	id     json.RawMessage
	method string
	params map[string]json.RawMessage
}

// meta is a member of params._meta, raw.
func (s seen) meta(key string) string {
	var meta map[string]json.RawMessage
	_ = json.Unmarshal(s.params["_meta"], &meta)
	return string(meta[key])
}

func read(r *http.Request) seen {
	body, _ := io.ReadAll(r.Body)
	s := seen{verb: r.Method, path: r.URL.Path, header: r.Header, body: string(body)}
	var m struct {
		ID     json.RawMessage            `json:"id"`
		Method string                     `json:"method"`
		Params map[string]json.RawMessage `json:"params"`
	}
	_ = json.Unmarshal(body, &m)
	s.id, s.method, s.params = m.ID, m.Method, m.Params
	return s
}

// diary is what a server remembers of its requests.
type diary struct {
	mu  sync.Mutex
	all []seen
}

func (d *diary) note(s seen) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, s)
}

func (d *diary) entries() []seen {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.all)
}

// asked are the requests of one JSON-RPC method.
func (d *diary) asked(method string) []seen {
	return slices.DeleteFunc(d.entries(), func(s seen) bool { return s.method != method })
}

// at are the requests for one path.
func (d *diary) at(path string) []seen {
	return slices.DeleteFunc(d.entries(), func(s seen) bool { return s.path != path })
}

// answer answers one message.
type answer func(w http.ResponseWriter, s seen)

// peer is an MCP endpoint that keeps to the rules except where it is told how
// to answer a method.
type peer struct {
	diary
	answers map[string]answer
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := read(r)
	p.note(s)
	if f := p.answers[s.method]; f != nil {
		f(w, s)
		return
	}
	stateless := r.Header.Get("Mcp-Protocol-Version") == client.Stateless
	switch {
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case s.method == "" || s.id == nil:
		w.WriteHeader(http.StatusAccepted)
	case s.method == "initialize":
		w.Header().Set("Mcp-Session-Id", "session-1")
		result(`{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"peer","version":"1"}}`)(w, s)
	case s.method == "server/discover":
		result(`{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"prompts":{}},"ttlMs":0,"cacheScope":"private"}`)(w, s)
	case stateless:
		result(`{"resultType":"complete","content":[{"type":"text","text":"hello"}],"tools":[]}`)(w, s)
	default:
		result(`{"content":[{"type":"text","text":"hello"}],"tools":[]}`)(w, s)
	}
}

// document answers with a status, a media type and a body in which ID stands
// for the id of the request.
func document(status int, media, body string) answer {
	return func(w http.ResponseWriter, s seen) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "ID", string(s.id)))
	}
}

func result(body string) answer {
	return document(http.StatusOK, "application/json", `{"jsonrpc":"2.0","id":ID,"result":`+body+`}`)
}

// stream answers with an event for each document.
func stream(documents ...string) answer {
	var body strings.Builder
	for _, d := range documents {
		fmt.Fprintf(&body, "event: message\ndata: %s\n\n", d)
	}
	return document(http.StatusOK, "text/event-stream", body.String())
}

// withHeader adds a header to an answer.
func withHeader(name, value string, then answer) answer {
	return func(w http.ResponseWriter, s seen) {
		w.Header().Set(name, value)
		then(w, s)
	}
}

// connect opens a session with a handler that wants no credential.
func connect(t *testing.T, h http.Handler, revision string) (*client.Session, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return client.New(client.Config{Endpoint: server.URL + "/mcp", Revision: revision, HTTP: server.Client()}).Connect(t.Context())
}

func mustConnect(t *testing.T, h http.Handler, revision string) *client.Session {
	t.Helper()
	s, err := connect(t, h, revision)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantViolation checks that an error is a violation of the rule with these
// words in it.
func wantViolation(t *testing.T, err error, words string) {
	t.Helper()
	var v *client.ViolationError
	if !errors.As(err, &v) {
		t.Fatalf("got %v, want a violation of %q", err, words)
	}
	if !strings.Contains(v.Rule, words) {
		t.Errorf("got violation %q, want one of %q", v.Rule, words)
	}
	if v.Source == "" || v.Seen == "" {
		t.Errorf("violation %+v does not say its source and what was seen", v)
	}
}
