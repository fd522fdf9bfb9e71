package portal_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// peer is a server behind the portal, written for these tests.
type peer struct {
	revision       string // "": both eras
	tools, prompts string // definitions with commas between
	refuses        func(authorization string) bool
	does           map[string]func(w http.ResponseWriter, r *http.Request, m call) // by method, instead of the usual answer

	mu       sync.Mutex
	calls    []call
	sessions int
}

// call is a message as it reached a peer.
type call struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
		Meta      struct {
			ProgressToken json.RawMessage `json:"progressToken"`
		} `json:"_meta"`
	} `json:"params"`
	header http.Header
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.refuses != nil && p.refuses(r.Header.Get("Authorization")) {
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="https://trap.example/"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodDelete {
		p.note(call{Method: "DELETE", header: r.Header})
		return
	}
	m := call{header: r.Header}
	body, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(body, &m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.note(m)
	if does := p.does[m.Method]; does != nil {
		does(w, r, m)
		return
	}
	p.answer(w, m)
}

func (p *peer) note(m call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, m)
}

// heard are the messages of a method so far.
func (p *peer) heard(method string) (some []call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.calls {
		if c.Method == method {
			some = append(some, c)
		}
	}
	return some
}

func (p *peer) answer(w http.ResponseWriter, m call) {
	modern := m.header.Get("Mcp-Protocol-Version") == stateless
	switch {
	case m.ID == nil:
		w.WriteHeader(http.StatusAccepted)
	case modern && p.revision == stateful, !modern && p.revision == stateless:
		http.Error(w, "what is that?", http.StatusBadRequest)
	case m.Method == "initialize":
		p.mu.Lock()
		p.sessions++
		w.Header().Set("Mcp-Session-Id", fmt.Sprintf("s-%d", p.sessions))
		p.mu.Unlock()
		result(w, m, `{"protocolVersion":"2025-11-25","capabilities":`+p.capabilities()+`,"serverInfo":{"name":"peer","version":"1"}}`)
	case m.Method == "server/discover":
		result(w, m, `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":`+p.capabilities()+`,"ttlMs":0,"cacheScope":"public"}`)
	case m.Method == "tools/list" && p.tools != "":
		result(w, m, modernise(modern, `"tools":[`+p.tools+`]`))
	case m.Method == "prompts/list" && p.prompts != "":
		result(w, m, modernise(modern, `"prompts":[`+p.prompts+`]`))
	case m.Method == "tools/call":
		result(w, m, modernise(modern, fmt.Sprintf(`"content":[{"type":"text","text":"%s as %s"}],"structuredContent":%s`,
			m.Params.Name, m.header.Get("Authorization"), m.Params.Arguments)))
	case m.Method == "prompts/get":
		result(w, m, modernise(modern, fmt.Sprintf(`"messages":[{"role":"user","content":{"type":"text","text":%q}}]`, m.Params.Name)))
	default:
		failure(w, m, http.StatusOK, `{"code":-32601,"message":"no such method"}`)
	}
}

func (p *peer) capabilities() string {
	if p.prompts == "" {
		return `{"tools":{}}`
	}
	return `{"tools":{},"prompts":{}}`
}

func modernise(modern bool, members string) string {
	if modern {
		members += `,"resultType":"complete","ttlMs":9,"cacheScope":"public"`
	}
	return "{" + members + "}"
}

func result(w http.ResponseWriter, m call, result string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
}

func failure(w http.ResponseWriter, m call, status int, e string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":%s}`, m.ID, e)
}

// stream answers with events.
func stream(w http.ResponseWriter, events ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, e := range events {
		fmt.Fprintf(w, "event: message\ndata: %s\n\n", e)
	}
	_ = http.NewResponseController(w).Flush()
}

// tool is a definition.
func tools(names ...string) string {
	var all []string
	for _, n := range names {
		all = append(all, fmt.Sprintf(`{"name":%q,"inputSchema":{"type":"object"}}`, n))
	}
	return strings.Join(all, ",")
}
