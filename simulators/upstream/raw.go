package upstream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// RawConfig describes a Raw server. The zero value speaks both revisions and
// has no tools.
type RawConfig struct {
	Name     string          // as the server introduces itself; empty: "raw"
	Revision string          // "2025-11-25" or "2026-07-28", and no other; empty: both
	Tools    json.RawMessage // the array of tools/list, byte for byte; nil: none

	// Answer answers a tools/call from its params and the whole request, both
	// byte for byte; it is called by several goroutines at once. nil: a result
	// without content.
	Answer func(params, request json.RawMessage) RawAnswer
}

// RawAnswer is an answer to tools/call, byte for byte. With notifications it is
// sent as a stream, else as plain JSON. A document must not hold a carriage
// return between its tokens: in a stream it would be lost.
type RawAnswer struct {
	Result, Error json.RawMessage // one of them; both nil: an empty result

	// Notifications go ahead of the answer. ProgressToken in them is replaced
	// by the token of the request; without one, those that have it are not
	// sent.
	Notifications []json.RawMessage
}

// ProgressToken stands, with its quotes, for the progress token of a request in
// the notifications of a RawAnswer.
const ProgressToken = `"$progressToken"`

// Raw is an MCP server without an SDK, for both revisions, an http.Handler. It
// relays nothing through types, so that what a test puts in is what goes out.
// It takes no credentials, and checks of a request only what it must.
type Raw struct {
	config   RawConfig
	sessions *sessions

	mu       sync.Mutex
	received [][]byte
}

// NewRaw makes a Raw server.
func NewRaw(c RawConfig) *Raw {
	c.Name = cmp.Or(c.Name, "raw")
	if c.Tools == nil {
		c.Tools = json.RawMessage(`[]`)
	}
	if c.Answer == nil {
		c.Answer = func(_, _ json.RawMessage) RawAnswer { return RawAnswer{} }
	}
	return &Raw{config: c, sessions: newSessions()}
}

// Received is the bodies of all POST requests so far, byte for byte, also of
// those that were refused, in the order of their arrival.
func (s *Raw) Received() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// ServeHTTP answers at /mcp.
func (s *Raw) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != endpoint:
		http.NotFound(w, r)
	case r.Method == http.MethodPost:
		s.post(w, r)
	case r.Method == http.MethodDelete && s.config.Revision != stateless:
		s.sessions.end(r.Header.Get(mcp.HeaderSessionID))
		w.WriteHeader(http.StatusOK)
	default:
		methodNotAllowed(http.MethodPost).write(w, nil)
	}
}

func (s *Raw) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		badRequest("the body ends early").write(w, nil)
		return
	}
	s.mu.Lock()
	s.received = append(s.received, body)
	s.mu.Unlock()
	m, refusal := parse(body)
	modern := mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)) || mcp.IsModernProtocol(m.revision)
	if refusal == nil {
		refusal = s.check(r.Header, m, modern)
	}
	if refusal != nil {
		refusal.write(w, m.id)
		return
	}
	if !m.isRequest() {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	s.answer(w, m, modern)
}

// check refuses a message of the wrong revision, or without its session.
func (s *Raw) check(h http.Header, m message, modern bool) *Refusal {
	header := h.Get(mcp.HeaderProtocolVersion)
	switch {
	case modern && s.config.Revision == stateful:
		return badRequest("Unsupported protocol version: " + max(header, m.revision))
	case modern:
		return checkStateless(h, m)
	case s.config.Revision == stateless:
		return unsupported(cmp.Or(header, m.offered), stateless)
	case m.method == string(mcp.MethodInitialize):
		return nil
	}
	id := h.Get(mcp.HeaderSessionID)
	if id == "" {
		return badRequest(mcp.HeaderSessionID + " header is missing")
	}
	if _, ok := s.sessions.of(Caller{}, id); !ok {
		return notFound("there is no such session")
	}
	return nil
}

// checkStateless compares the headers of a 2026-07-28 request with its body.
func checkStateless(h http.Header, m message) *Refusal {
	header := h.Get(mcp.HeaderProtocolVersion)
	name, ok := mcp.DecodeHeaderValue(h.Get(mcp.HeaderName))
	switch {
	case header != m.revision:
		return badMessage(mcp.HEADER_MISMATCH, "header and _meta name different protocol versions")
	case header != stateless:
		return unsupported(header, stateless)
	case h.Get(mcp.HeaderMethod) != m.method:
		return badMessage(mcp.HEADER_MISMATCH, mcp.HeaderMethod+" is not the method of the body")
	case m.method == string(mcp.MethodToolsCall) && (!ok || name != m.name):
		return badMessage(mcp.HEADER_MISMATCH, mcp.HeaderName+" is not the name in the body")
	}
	return nil
}

func (s *Raw) answer(w http.ResponseWriter, m message, modern bool) {
	cacheable := ``
	if modern {
		cacheable = `,"resultType":"complete","ttlMs":0,"cacheScope":"private"`
	}
	name, _ := json.Marshal(s.config.Name) // a string always has a JSON form
	identity := `{"name":` + string(name) + `,"version":"1.0.0"}`
	switch {
	case m.method == string(mcp.MethodToolsCall):
		s.answerCall(w, m, modern)
	case m.method == string(mcp.MethodToolsList):
		writeMessage(w, http.StatusOK, rawResult(m.id, `{"tools":`+string(s.config.Tools)+cacheable+`}`))
	case m.method == string(mcp.MethodServerDiscover) && modern:
		writeMessage(w, http.StatusOK, rawResult(m.id, `{"supportedVersions":["`+stateless+`"],"capabilities":{"tools":{}}`+
			cacheable+`,"_meta":{"`+mcp.MetaKeyServerInfo+`":`+identity+`}}`))
	case m.method == string(mcp.MethodInitialize) && !modern:
		id := s.sessions.open(Caller{})
		s.sessions.negotiated(id, stateful)
		w.Header().Set(mcp.HeaderSessionID, id)
		writeMessage(w, http.StatusOK, rawResult(m.id, `{"protocolVersion":"`+stateful+`","capabilities":{"tools":{}},"serverInfo":`+identity+`}`))
	case m.method == string(mcp.MethodPing) && !modern:
		writeMessage(w, http.StatusOK, rawResult(m.id, `{}`))
	default:
		unknown := errorMessage(m.id, mcp.METHOD_NOT_FOUND, "Method not found", nil)
		writeMessage(w, statusOf(unknown, modern), unknown)
	}
}

func (s *Raw) answerCall(w http.ResponseWriter, m message, modern bool) {
	given := s.config.Answer(m.params, m.body)
	answer := rawResult(m.id, cmp.Or(string(given.Result), `{"content":[]}`))
	if given.Error != nil {
		answer = []byte(`{"jsonrpc":"2.0","id":` + string(m.id) + `,"error":` + string(given.Error) + `}`)
	}
	if given.Notifications == nil {
		writeMessage(w, statusOf(answer, modern), answer)
		return
	}
	openStream(w)
	for _, n := range given.Notifications {
		placeholder := []byte(ProgressToken)
		if m.progressToken == nil && bytes.Contains(n, placeholder) {
			continue
		}
		writeEvent(w, bytes.ReplaceAll(n, placeholder, m.progressToken))
	}
	writeEvent(w, answer)
}

// rawResult is a result message around the bytes of a result.
func rawResult(id json.RawMessage, result string) []byte {
	return []byte(`{"jsonrpc":"2.0","id":` + string(id) + `,"result":` + result + `}`)
}

func writeMessage(w http.ResponseWriter, status int, message []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(message) // a reader that left is the only failure
}

// statusOf is the HTTP status of an answer: 200 before 2026-07-28, which has
// others for some errors (MCP 2026-07-28 Transports).
func statusOf(answer []byte, modern bool) int {
	var m struct{ Error *struct{ Code int } }
	if !modern || json.Unmarshal(answer, &m) != nil || m.Error == nil {
		return http.StatusOK
	}
	switch m.Error.Code {
	case mcp.METHOD_NOT_FOUND:
		return http.StatusNotFound
	case mcp.INVALID_PARAMS, mcp.INVALID_REQUEST, mcp.PARSE_ERROR,
		mcp.HEADER_MISMATCH, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION:
		return http.StatusBadRequest
	default:
		return http.StatusOK
	}
}
