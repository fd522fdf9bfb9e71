package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"sync"
)

// reply is the answer to one POST while it is made. What the SDK writes as JSON
// is held back to the end: it goes out as it is, or, if there were
// notifications, as the last event of a stream. What the SDK itself writes as
// a stream passes through.
type reply struct {
	to     http.ResponseWriter
	header http.Header // the SDK's

	mu        sync.Mutex
	streaming bool // the head of a stream is out
	status    int  // 0: nothing is written yet
	held      bytes.Buffer
	instead   []byte // replaces what is held; nil: nothing does
}

func newReply(w http.ResponseWriter) *reply { return &reply{to: w, header: http.Header{}} }

// Header is part of http.ResponseWriter.
func (p *reply) Header() http.Header { return p.header }

// WriteHeader is part of http.ResponseWriter.
func (p *reply) WriteHeader(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status == 0 {
		p.status = status
	}
}

// Write is part of http.ResponseWriter.
func (p *reply) Write(b []byte) (int, error) {
	media, _, _ := mime.ParseMediaType(p.header.Get("Content-Type"))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status == 0 {
		p.status = http.StatusOK
	}
	if media != "text/event-stream" {
		return p.held.Write(b)
	}
	p.open()
	return p.to.Write(b)
}

// Flush is part of http.Flusher.
func (p *reply) Flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streaming {
		flush(p.to)
	}
}

// notify sends a notification ahead of the answer.
func (p *reply) notify(notification []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open()
	writeEvent(p.to, notification)
}

// replace puts a message in place of the SDK's answer.
func (p *reply) replace(status int, message []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.instead = status, message
}

// identify puts the id of the request, as it was written, into the SDK's
// answer: the SDK rounds integers above 2^53.
func (p *reply) identify(id json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var m struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  json.RawMessage `json:"result,omitempty"`
		Error   json.RawMessage `json:"error,omitempty"`
	}
	if p.instead != nil || id == nil || json.Unmarshal(p.held.Bytes(), &m) != nil || m.Result == nil && m.Error == nil {
		return
	}
	m.ID = id
	if b, err := json.Marshal(m); err == nil { // all of it was parsed before
		p.instead = b
	}
}

func (p *reply) open() {
	if !p.streaming {
		p.streaming = true
		openStream(p.to)
	}
}

// finish sends what is held. A call that was ended without an answer ends the
// connection, or the stream: an empty 200 would be a lie.
func (p *reply) finish(ctx context.Context) {
	cutOff(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	message := p.held.Bytes()
	if p.instead != nil {
		message = p.instead
	}
	switch {
	case p.streaming && len(message) > 0:
		writeEvent(p.to, bytes.TrimSpace(message))
	case p.streaming:
	case p.status == 0 && ctx.Err() != nil:
		panic(http.ErrAbortHandler)
	default:
		maps.Copy(p.to.Header(), p.header)
		if p.instead != nil {
			p.to.Header().Set("Content-Type", "application/json")
		}
		p.to.WriteHeader(max(p.status, http.StatusOK))
		_, _ = p.to.Write(message) // a reader that left is the only failure
	}
}

// openStream begins a stream of server-sent events and lets its head out.
func openStream(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // MCP 2026-07-28 Transports
	w.WriteHeader(http.StatusOK)
	flush(w)
}

// writeEvent sends one JSON document as an event. A line break between its
// tokens would end the event's data line, so it gets one data line per line.
func writeEvent(w http.ResponseWriter, document []byte) {
	var event bytes.Buffer
	event.WriteString("event: message\n")
	for line := range bytes.Lines(document) {
		fmt.Fprintf(&event, "data: %s\n", bytes.TrimRight(line, "\r\n"))
	}
	event.WriteString("\n")
	_, _ = w.Write(event.Bytes()) // a reader that left is the only failure
	flush(w)
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
