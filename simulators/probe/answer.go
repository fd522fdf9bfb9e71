package probe

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// event is an event of a stream (HTML Living Standard, "Server-sent events").
type event struct {
	name string
	data []byte
}

// grace is how long a stream may stay open after its answer.
const grace = time.Second

// follow reads the events of a stream: to the first one, or to its end, which
// is cut short a moment after the answer came.
func (x *exchange) follow(from io.Reader, cancel context.CancelFunc) error {
	if x.ask.stream == nothing {
		return nil
	}
	lines := bufio.NewReader(from)
	answered := false
	for {
		e, err := nextEvent(lines)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && answered:
			x.lingers = errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
			return nil
		case err != nil:
			return err
		}
		x.events = append(x.events, e)
		if x.ask.stream == firstEvent {
			return nil
		}
		if !answered && answers(e.data, x.ask.id) {
			answered = true
			timer := time.AfterFunc(grace, cancel)
			defer timer.Stop()
		}
	}
}

func nextEvent(lines *bufio.Reader) (event, error) {
	var e event
	var data [][]byte
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return event{}, err // what no empty line ends is no event
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if data != nil {
				e.data = bytes.Join(data, []byte("\n"))
				return e, nil
			}
			e = event{} // without data it says nothing
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "data":
			data = append(data, bytes.Clone(value))
		case "event":
			e.name = string(value)
		}
	}
}

// reply is the JSON-RPC answer in an exchange, read as kindly as possible: what
// is wrong with it is noted, and the result used all the same.
type reply struct {
	result  json.RawMessage
	fault   *fault
	wrong   string // what breaks JSON-RPC; empty: nothing
	otherID string // the id of the answer, where it is not the request's
	answers int    // messages that answer the request
}

// fault is the error of a JSON-RPC answer (JSON-RPC 2.0 §5.1).
type fault struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`
}

func answers(document []byte, id string) bool {
	var m message
	return json.Unmarshal(document, &m) == nil && m.Method == "" && string(m.ID) == id
}

// settle finds the answer to the request in what came back.
func (x *exchange) settle() {
	if x.ask.id == "" || x.status == 0 || x.cut {
		return
	}
	documents := [][]byte{x.body}
	switch {
	case x.media == "text/event-stream":
		documents = nil
		for _, e := range x.events {
			if len(e.data) > 0 { // an event without data primes the client to reconnect (MCP 2025-11-25 Transports, "Sending Messages to the Server")
				documents = append(documents, e.data)
			}
		}
	case x.media != "application/json" && x.status == http.StatusOK:
		x.wrong = "the answer is of type " + quote(x.header.Get("Content-Type"))
		return
	case x.media != "application/json":
		return // HTTP's own refusal needs no message
	}
	for _, d := range documents {
		x.take(d)
	}
	if x.answers == 0 && x.wrong == "" && x.status/100 == 2 && x.failed == nil {
		x.wrong = "HTTP " + statusText(x.status) + " brings no answer to the request"
	}
}

// take reads one message.
func (x *exchange) take(document []byte) {
	var m message
	if err := json.Unmarshal(document, &m); err != nil {
		x.complain(notOneObject(document))
		return
	}
	m.Result, m.Error = present(m.Result), present(m.Error)
	if m.Version != "2.0" {
		x.complain("a message has no \"jsonrpc\": \"2.0\"")
	}
	if m.Method != "" {
		return // the server's own request or notification
	}
	own := string(m.ID) == x.ask.id
	if own {
		x.answers++
	}
	if x.result != nil || x.fault != nil {
		return
	}
	if !own {
		x.otherID = "none"
		if m.ID != nil {
			x.otherID = string(m.ID)
		}
	}
	x.result = m.Result
	if m.Error != nil {
		x.fault = &fault{}
		if json.Unmarshal(m.Error, x.fault) != nil {
			x.complain("the error is no object with code and message")
		}
	}
	if (m.Result == nil) == (m.Error == nil) {
		x.complain("a message has not exactly one of result and error")
	}
}

// present is a member that is not null.
func present(member json.RawMessage) json.RawMessage {
	if string(member) == "null" {
		return nil
	}
	return member
}

func (x *exchange) complain(what string) {
	if x.wrong == "" && x.status/100 == 2 {
		x.wrong = what
	}
}

func notOneObject(document []byte) string {
	switch trimmed := strings.TrimSpace(string(document)); {
	case trimmed == "":
		return "the body is empty"
	case trimmed[0] == '[':
		return "the answer is a batch"
	case trimmed[0] != '{':
		return "the answer is no JSON object but begins with " + quote(string([]rune(trimmed)[:min(20, len([]rune(trimmed)))]))
	default:
		return "the answer is no JSON-RPC message that can be read"
	}
}
