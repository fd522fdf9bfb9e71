package upstream

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// firstRevision is the only one that a LegacySSE speaks, and the only one that
// has its transport.
const firstRevision = mcp.ProtocolVersion20241105

// LegacySSEConfig describes a LegacySSE. The zero value has the tools "echo"
// and "whoami".
type LegacySSEConfig struct {
	Name      string // as the server introduces itself; empty: "legacy"
	Path      string // where the stream is; empty: "/mcp", like every server here
	Tools     []Tool // nil: "echo" and "whoami"
	Advertise string // own origin, for the check of Origin headers; empty: what the Host header says
}

// LegacySSE is an MCP server of 2024-11-05, with the transport that 2025-03-26
// replaced (MCP 2024-11-05 Transports, "HTTP with SSE"), an http.Handler. A GET
// opens a stream, whose first event says where to post; a POST there is
// answered with 202, and its JSON-RPC answer comes on the stream. Everything
// else is answered with 404 or 405. It takes no credentials.
type LegacySSE struct {
	name      string
	path      string
	advertise string
	tools     []server.ServerTool

	closing context.Context
	close   context.CancelFunc

	mu      sync.Mutex
	streams map[string]*legacyStream
}

// NewLegacySSE makes a server. The error is ErrConfig.
func NewLegacySSE(c LegacySSEConfig) (*LegacySSE, error) {
	if c.Tools == nil {
		c.Tools = []Tool{
			{Name: "echo", Description: "Returns its arguments.", Does: DoesEcho},
			{Name: "whoami", Description: "Says who called.", Does: DoesWhoami},
		}
	}
	s := &LegacySSE{
		name:      cmp.Or(c.Name, "legacy"),
		path:      cmp.Or(c.Path, endpoint),
		advertise: strings.TrimSuffix(c.Advertise, "/"),
		streams:   map[string]*legacyStream{},
	}
	if !strings.HasPrefix(s.path, "/") || s.path == legacyMessages {
		return nil, fmt.Errorf("%w: path %q", ErrConfig, s.path)
	}
	offered, err := offerAll(c.Tools)
	if err != nil {
		return nil, err
	}
	for i := range offered {
		offered[i].Tool.Title = "" // of 2025-06-18
	}
	s.tools = offered
	s.closing, s.close = context.WithCancel(context.Background())
	return s, nil
}

// Close ends the streams, and the calls under way on them. It never fails.
func (s *LegacySSE) Close() error {
	s.close()
	return nil
}

// legacyMessages is where messages are posted; the query names the stream.
const legacyMessages = "/messages"

// ServeHTTP answers at the path of the stream and at /messages.
func (s *LegacySSE) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, serve := http.MethodGet, s.listen
	switch r.URL.Path {
	case s.path:
	case legacyMessages:
		method, serve = http.MethodPost, s.receive
	default:
		http.NotFound(w, r)
		return
	}
	refusal := (*Refusal)(nil)
	if !sameOrigin(r, s.advertise) {
		refusal = &Refusal{Status: http.StatusForbidden, Text: "requests of this origin are not served"}
	} else if _, refusal = (open{}).Admit(r); refusal == nil && r.Method != method {
		refusal = methodNotAllowed(method)
	}
	if refusal != nil {
		refusal.write(w, nil)
		return
	}
	serve(w, r)
}

// legacyStream is one client: the session lives as long as the stream.
type legacyStream struct {
	in    chan message // from the POSTs
	out   chan []byte  // events, to the GET
	ended <-chan struct{}

	ready bool // notifications/initialized has come; only the GET asks
}

// listen serves a client from its GET to its end. It alone writes to the
// stream; a call has a goroutine of its own, and none is left when it returns.
func (s *LegacySSE) listen(w http.ResponseWriter, r *http.Request) {
	if !accepts(r.Header, "text/event-stream") {
		(&Refusal{Status: http.StatusNotAcceptable, Text: "Accept must list text/event-stream"}).write(w, nil)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer context.AfterFunc(s.closing, cancel)()
	stream := &legacyStream{in: make(chan message), out: make(chan []byte), ended: ctx.Done()}
	id := s.open(stream)
	defer s.leave(id)
	var calls sync.WaitGroup
	defer calls.Wait()
	defer cancel()
	openStream(w)
	_, _ = fmt.Fprintf(w, "event: endpoint\ndata: %s?session=%s\n\n", legacyMessages, id) // a reader that left is the only failure
	flush(w)
	for {
		select {
		case m := <-stream.in:
			admitted := stream.advance(m)
			calls.Go(func() { s.work(ctx, stream, m, admitted) })
		case event := <-stream.out:
			_, _ = w.Write(event) // as above
			flush(w)
		case <-ctx.Done():
			return
		}
	}
}

func (s *LegacySSE) open(stream *legacyStream) string {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[id] = stream
	return id
}

func (s *LegacySSE) leave(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, id)
}

// receive serves a POST: the message goes to its stream.
func (s *LegacySSE) receive(w http.ResponseWriter, r *http.Request) {
	m, refusal := readLegacy(w, r)
	s.mu.Lock()
	stream, ok := s.streams[r.URL.Query().Get("session")]
	s.mu.Unlock()
	if !ok {
		refusal = notFound("there is no such stream")
	}
	if refusal != nil {
		refusal.write(w, m.id)
		return
	}
	select {
	case stream.in <- m:
		w.WriteHeader(http.StatusAccepted)
	case <-stream.ended:
		notFound("the stream has ended").write(w, nil)
	case <-r.Context().Done():
	}
}

func readLegacy(w http.ResponseWriter, r *http.Request) (message, *Refusal) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return message{}, &Refusal{Status: http.StatusUnsupportedMediaType, Text: "Content-Type must be application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	if long := (*http.MaxBytesError)(nil); errors.As(err, &long) {
		return message{}, &Refusal{Status: http.StatusRequestEntityTooLarge, Text: "the body is too long"}
	}
	if err != nil {
		return message{}, badRequest("the body ends early")
	}
	return parse(body)
}

// advance says whether a message may come now: before the client is ready there
// may be initialize and pings only (MCP 2024-11-05 Lifecycle, "Initialization").
func (l *legacyStream) advance(m message) bool {
	if m.method == "notifications/initialized" {
		l.ready = true
	}
	return l.ready || m.method == string(mcp.MethodInitialize) || m.method == string(mcp.MethodPing)
}

// work answers one message on the stream. What asks nothing gets no answer.
func (s *LegacySSE) work(ctx context.Context, stream *legacyStream, m message, admitted bool) {
	if !m.isRequest() {
		return
	}
	var answer []byte
	switch {
	case !admitted:
		answer = errorMessage(m.id, mcp.INVALID_REQUEST, "the session is not initialized yet", nil)
	case m.method == string(mcp.MethodToolsCall):
		answer = s.call(ctx, stream, m)
	default:
		answer = s.answer(m)
	}
	if answer != nil {
		writeEvent(onStream{stream, http.Header{}}, answer)
	}
}

func (s *LegacySSE) answer(m message) []byte {
	switch m.method {
	case string(mcp.MethodInitialize):
		return resultMessage(m.id, map[string]any{
			"protocolVersion": firstRevision, // whatever was offered; the client decides what to do with it
			"capabilities":    map[string]any{"tools": map[string]any{}},
			"serverInfo":      map[string]any{"name": s.name, "version": "1.0.0"},
		})
	case string(mcp.MethodPing):
		return resultMessage(m.id, map[string]any{})
	case string(mcp.MethodToolsList):
		list := []mcp.Tool{}
		for _, t := range s.tools {
			list = append(list, t.Tool)
		}
		return resultMessage(m.id, map[string]any{"tools": list})
	default:
		return errorMessage(m.id, mcp.METHOD_NOT_FOUND, "this method is not served here", nil)
	}
}

// call carries a tool out. The answer is nil if the stream ended meanwhile.
func (s *LegacySSE) call(ctx context.Context, stream *legacyStream, m message) []byte {
	var params struct{ Arguments json.RawMessage }
	_ = json.Unmarshal(m.params, &params) // it was parsed as an object before
	for _, t := range s.tools {
		if t.Tool.Name != m.name {
			continue
		}
		c := &call{message: m, caller: Caller{Subject: "nobody"}, reply: newReply(onStream{stream, http.Header{}})}
		request := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: m.name, RawArguments: params.Arguments}}
		result, err := t.Handler(context.WithValue(ctx, callKey{}, c), request)
		switch {
		case c.reply.instead != nil:
			return c.reply.instead
		case err != nil:
			return nil // only the end of the stream ends a call
		}
		result.RawStructuredContent = nil // of 2025-06-18
		return resultMessage(m.id, result)
	}
	return errorMessage(m.id, mcp.INVALID_PARAMS, "there is no such tool", nil)
}

// onStream is where an event is written to: it goes out as it is, after what
// was sent before. It is the http.ResponseWriter of a call, whose progress
// notifications go the same way.
type onStream struct {
	*legacyStream

	header http.Header // of no answer; nobody reads it
}

// Header is part of http.ResponseWriter.
func (o onStream) Header() http.Header { return o.header }

// WriteHeader is part of http.ResponseWriter; the stream has its head already.
func (o onStream) WriteHeader(int) {}

// Write is part of http.ResponseWriter. b is one event.
func (o onStream) Write(b []byte) (int, error) {
	select {
	case o.out <- bytes.Clone(b):
		return len(b), nil
	case <-o.ended:
		return 0, http.ErrAbortHandler
	}
}

// resultMessage is a JSON-RPC response.
func resultMessage(id json.RawMessage, result any) []byte {
	b, err := json.Marshal(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  any             `json:"result"`
	}{"2.0", id, result})
	if err != nil {
		return errorMessage(id, mcp.INTERNAL_ERROR, "the result has no JSON form", nil)
	}
	return b
}
