// Package trace is what was seen on a wire, and nothing else.
//
// A trace knows no test and no picture: every field is read off the wire by
// the network that carried the exchanges (simulators/network), and what can
// be computed from those fields (messages, steps, order) is computed here.
// The trace file is the interface between scenarios and diagrams, as pcap is
// between a capture and its viewer.
package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Party is one end of a hop, by the name the town gives it: "alice",
// "alice.browser", "access", "portal", "gateway", "wiki".
type Party string

// Role says what a party is in the town. It decides which step an exchange
// belongs to and where a picture puts the party.
type Role string

// The roles of a town.
const (
	Client              Role = "client"               // an MCP client
	Browser             Role = "browser"              // the browser of that client's person
	Access              Role = "access"               // the portal's front door
	Portal              Role = "portal"               // the portal behind the door
	Admin               Role = "admin"                // the portal's admin API
	IdentityProvider    Role = "identity provider"    // where people sign in
	Gateway             Role = "gateway"              // the inspecting egress proxy
	Upstream            Role = "upstream"             // an MCP server behind the portal
	AuthorizationServer Role = "authorization server" // the one that protects an upstream
)

// Exchange is one HTTP request and its response on one hop.
type Exchange struct {
	From Party `json:"from"` // who dialled
	To   Party `json:"to"`   // who answered; the gateway, for a hop through it

	// Address is the source address that the listener saw, without its port.
	// Empty if the listener is not ours.
	Address string `json:"address,omitempty"`

	// Sent and Answered are places in the order of events, from 1: the request
	// when it was sent, the answer when the asking program had read its last
	// byte. Answered 0 means: no answer, or a stream that was still open.
	Sent     int `json:"sent"`
	Answered int `json:"answered,omitempty"`

	// After is the time from the beginning of the trace to the request, Took the
	// time from there to the last byte of the answer.
	After time.Duration `json:"after"`
	Took  time.Duration `json:"took,omitempty"`

	Request  Request   `json:"request"`
	Response *Response `json:"response,omitempty"` // nil: none came
	Failure  string    `json:"failure,omitempty"`  // why none came, as the dialler saw it
}

// Request is what the dialling end sent.
type Request struct {
	Method string      `json:"method"`
	URL    string      `json:"url"`
	Header http.Header `json:"header,omitempty"`
	Body   string      `json:"body,omitempty"`
}

// Response is what came back, as far as it was read.
type Response struct {
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
	Body   string      `json:"body,omitempty"`
}

// Trace is the exchanges of one story, in the order their requests were sent.
type Trace struct {
	Scenario  string         `json:"scenario,omitempty"`
	Portal    string         `json:"portal,omitempty"`   // implementation and version
	Revision  string         `json:"revision,omitempty"` // of the Model Context Protocol
	Roles     map[Party]Role `json:"roles,omitempty"`
	Exchanges []Exchange     `json:"exchanges"`
}

// Path is the path of the request's URL; empty if the URL does not parse.
func (e Exchange) Path() string {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return ""
	}
	return u.Path
}

// Host is the host (and port, if any) the request was for, which on a hop
// through the gateway is not the party that answered.
func (e Exchange) Host() string {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Status is the response's status code, 0 if none came.
func (e Exchange) Status() int {
	if e.Response == nil {
		return 0
	}
	return e.Response.Status
}

// Asked is the first JSON-RPC message of the request; the zero Message if
// there is none.
func (e Exchange) Asked() Message {
	messages := Messages(e.Request.Header, e.Request.Body)
	if len(messages) == 0 {
		return Message{}
	}
	return messages[0]
}

// Told is the JSON-RPC messages of the response, in order, server-sent events
// included.
func (e Exchange) Told() []Message {
	if e.Response == nil {
		return nil
	}
	return Messages(e.Response.Header, e.Response.Body)
}

// Filter returns the trace with only the exchanges for which keep is true.
func (t Trace) Filter(keep func(Exchange) bool) Trace {
	kept := t
	kept.Exchanges = nil
	for _, e := range t.Exchanges {
		if keep(e) {
			kept.Exchanges = append(kept.Exchanges, e)
		}
	}
	return kept
}

// Into is what reached one of the parties, on whatever hop.
func (t Trace) Into(parties ...Party) Trace {
	return t.Filter(func(e Exchange) bool { return slices.Contains(parties, e.To) })
}

// From is what the party sent.
func (t Trace) From(p Party) Trace {
	return t.Filter(func(e Exchange) bool { return e.From == p })
}

// Asking is the exchanges whose request carries the JSON-RPC method.
func (t Trace) Asking(method string) Trace {
	return t.Filter(func(e Exchange) bool { return e.Asked().Method == method })
}

// Role is what the party is; empty if the trace does not say.
func (t Trace) Role(p Party) Role { return t.Roles[p] }

// Encode writes the trace as indented JSON with a final newline. Equal traces
// give equal bytes.
func (t Trace) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(t); err != nil {
		return nil, fmt.Errorf("encode trace: %w", err)
	}
	return b.Bytes(), nil
}

// Decode reads what Encode wrote; an unknown member is an error.
func Decode(b []byte) (Trace, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var t Trace
	if err := dec.Decode(&t); err != nil {
		return Trace{}, fmt.Errorf("decode trace: %w", err)
	}
	return t, nil
}
