// Package har reads HTTP Archive 1.2 files, as browsers and mitmproxy write
// them, as traces (http://www.softwareishard.com/blog/har-12-spec/).
//
// An archive knows hosts and not parties: who dialled is not in it, and who a
// host is must be said or guessed. [File.Guess] guesses from what was exchanged, and
// [File.Trace] takes what is known.
package har

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portico-mcp/portico/simulators/trace"
)

// File is the exchanges of an archive, in the order their requests were sent.
type File struct{ exchanges []trace.Exchange }

// ErrNone is returned for a file that is no archive, or an empty one.
var ErrNone = errors.New("there is no exchange of an HTTP Archive in it")

type archive struct {
	Log struct{ Entries []entry }
}

type entry struct {
	StartedDateTime time.Time
	Time            float64 // milliseconds
	Request         struct {
		Method, URL string
		Headers     []header
		PostData    struct {
			MimeType, Text, Encoding string
			Params                   []header
		}
	}
	Response struct {
		Status  int
		Headers []header
		Content struct{ MimeType, Text, Encoding string }
	}
}

type header struct{ Name, Value string }

// Read reads an archive. Bodies in Base64 are decoded; an answer with the
// status 0 is one that did not come.
func Read(b []byte) (File, error) {
	var a archive
	if err := json.Unmarshal(b, &a); err != nil {
		return File{}, fmt.Errorf("read archive: %w", err)
	}
	if len(a.Log.Entries) == 0 {
		return File{}, ErrNone
	}
	slices.SortStableFunc(a.Log.Entries, func(a, b entry) int { return a.StartedDateTime.Compare(b.StartedDateTime) })
	f := File{exchanges: make([]trace.Exchange, len(a.Log.Entries))}
	for i, e := range a.Log.Entries {
		f.exchanges[i] = e.exchange()
		f.exchanges[i].After = e.StartedDateTime.Sub(a.Log.Entries[0].StartedDateTime)
	}
	number(f.exchanges)
	return f, nil
}

func (e entry) exchange() trace.Exchange {
	x := trace.Exchange{Request: trace.Request{Method: e.Request.Method, URL: e.Request.URL, Header: headers(e.Request.Headers)}}
	post := e.Request.PostData
	x.Request.Body = body(post.Text, post.Encoding)
	if post.Text == "" && len(post.Params) > 0 {
		form := url.Values{}
		for _, p := range post.Params {
			form.Add(p.Name, p.Value)
		}
		x.Request.Body = form.Encode()
	}
	typed(x.Request.Header, post.MimeType)
	if ms := e.Time; ms > 0 && ms < 1e12 {
		x.Took = time.Duration(ms * float64(time.Millisecond))
	}
	if e.Response.Status <= 0 {
		x.Failure = "no answer"
		return x
	}
	content := e.Response.Content
	x.Response = &trace.Response{Status: e.Response.Status, Header: headers(e.Response.Headers), Body: body(content.Text, content.Encoding)}
	typed(x.Response.Header, content.MimeType)
	return x
}

func headers(list []header) http.Header {
	h := http.Header{}
	for _, each := range list {
		if !strings.HasPrefix(each.Name, ":") { // a pseudo-header of HTTP/2
			h.Add(each.Name, each.Value)
		}
	}
	return h
}

func typed(h http.Header, kind string) {
	if h.Get("Content-Type") == "" && kind != "" && kind != "x-unknown" {
		h.Set("Content-Type", kind)
	}
}

func body(text, encoding string) string {
	if !strings.EqualFold(encoding, "base64") {
		return text
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return text
	}
	return string(decoded)
}

// number gives the requests and answers their places in the order of events.
func number(all []trace.Exchange) {
	type event struct {
		at    time.Duration
		place *int
	}
	var events []event
	for i := range all {
		e := &all[i]
		events = append(events, event{e.After, &e.Sent})
		if e.Response != nil {
			events = append(events, event{e.After + e.Took, &e.Answered})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	for i, e := range events {
		*e.place = i + 1
	}
}

// Hosts are the hosts of the archive, in lower case, in the order they were
// first asked.
func (f File) Hosts() []string {
	var all []string
	seen := map[string]bool{}
	for _, e := range f.exchanges {
		if host := strings.ToLower(e.Host()); host != "" && !seen[host] {
			seen[host] = true
			all = append(all, host)
		}
	}
	return all
}

// Trace is the archive as a trace: each host is a party of its own name, and
// who asked it follows from its role and from whether a browser's headers are
// there. A host of no role is asked by nobody known.
func (f File) Trace(roles map[string]trace.Role) trace.Trace {
	t := trace.Trace{Roles: map[trace.Party]trace.Role{}, Exchanges: slices.Clone(f.exchanges)}
	parties := map[trace.Role]trace.Party{trace.Client: "client", trace.Browser: "browser", trace.Portal: "portal"}
	for _, host := range slices.Backward(f.Hosts()) {
		if role := roles[host]; role != "" {
			t.Roles[trace.Party(host)] = role
			parties[role] = trace.Party(host)
		}
	}
	for i := range t.Exchanges {
		e := &t.Exchanges[i]
		e.To = trace.Party(strings.ToLower(e.Host()))
		asker := asks(t.Exchanges[i], t.Roles[e.To], parties[trace.Access] != "")
		if e.From = parties[asker]; asker != "" {
			t.Roles[e.From] = asker
		}
	}
	return t
}

// asks is who asks a party of the role, of what those who may ask it look like.
func asks(e trace.Exchange, to trace.Role, divided bool) trace.Role {
	person := browses(e)
	switch to {
	case trace.Access, trace.Portal:
		switch {
		case to == trace.Portal && divided:
			return trace.Access
		case person:
			return trace.Browser
		}
		return trace.Client
	case trace.IdentityProvider:
		if !person && divided {
			return trace.Access
		}
	case "", trace.Client, trace.Browser:
		return ""
	case trace.Admin:
		return trace.Client
	}
	if person {
		return trace.Browser
	}
	return trace.Portal
}

// browses says whether a person's browser asks: it says so, or it wants a page.
func browses(e trace.Exchange) bool {
	h := e.Request.Header
	return h.Get("Sec-Fetch-Mode") != "" || strings.Contains(h.Get("Accept"), "text/html")
}
