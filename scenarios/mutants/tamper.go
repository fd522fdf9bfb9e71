package mutants

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

// message is a JSON-RPC message with its numbers as they were.
type message map[string]any

// method of a request; empty for anything else.
func (m message) method() string {
	s, _ := m["method"].(string)
	return s
}

// member is the object under a key, made if it is not there.
func (m message) member(key string) message {
	if inner, ok := m[key].(map[string]any); ok {
		return inner
	}
	inner := map[string]any{}
	m[key] = inner
	return inner
}

// read decodes a message; nil if it is none.
func read(b []byte) message {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var m message
	if dec.Decode(&m) != nil {
		return nil
	}
	return m
}

func write(m message) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return b
}

// asked rewrites the JSON-RPC requests that come to a handler; other requests
// are changed through r alone, with a nil message.
func asked(rewrite func(r *http.Request, m message)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			setBody(r, rewritten(r, body, rewrite))
			next.ServeHTTP(w, r)
		})
	}
}

// rewritten is a request's body after a rewrite, byte for byte the same if
// nothing was changed.
func rewritten(r *http.Request, body []byte, rewrite func(*http.Request, message)) []byte {
	m := read(body)
	before := write(m)
	rewrite(r, m)
	if after := write(m); m != nil && !bytes.Equal(before, after) {
		return after
	}
	return body
}

func setBody(r *http.Request, body []byte) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if r.Header.Get("Content-Length") != "" {
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
}

// answer is a whole HTTP response on its way back.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// answered rewrites the responses of a handler. Streams are collected first.
func answered(rewrite func(r *http.Request, request []byte, a *answer)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			setBody(r, body)
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			a := answer{rec.Code, rec.Header().Clone(), rec.Body.Bytes()}
			rewrite(r, body, &a)
			a.Header.Del("Content-Length")
			for key, values := range a.Header {
				w.Header()[key] = values
			}
			w.WriteHeader(a.Status)
			_, _ = w.Write(a.Body)
		})
	}
}

// told rewrites the JSON-RPC answers of a handler to requests of a method, in
// JSON bodies and in the data of events; an empty method: of every method.
func told(method string, rewrite func(request, answer message)) func(http.Handler) http.Handler {
	return answered(func(_ *http.Request, request []byte, a *answer) {
		q := read(request)
		if method == "" || q.method() == method {
			a.Body = eachMessage(a.Header, a.Body, func(m message) { rewrite(q, m) })
		}
	})
}

// eachMessage rewrites the messages of a body, JSON or events.
func eachMessage(h http.Header, body []byte, rewrite func(message)) []byte {
	one := func(b []byte) []byte {
		m := read(b)
		if m == nil {
			return b
		}
		rewrite(m)
		return write(m)
	}
	if !strings.HasPrefix(h.Get("Content-Type"), "text/event-stream") {
		return one(body)
	}
	var lines []string
	for line := range strings.SplitSeq(string(body), "\n") {
		if data, ok := strings.CutPrefix(line, "data:"); ok {
			line = "data: " + string(one([]byte(strings.TrimSpace(data))))
		}
		lines = append(lines, line)
	}
	return []byte(strings.Join(lines, "\n"))
}

// roundTrip is an http.RoundTripper that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// through is a client whose requests go through a function first.
func through(c *http.Client, f func(r *http.Request, next http.RoundTripper) (*http.Response, error)) *http.Client {
	if c == nil {
		return nil
	}
	changed := *c
	next := c.Transport
	changed.Transport = roundTrip(func(r *http.Request) (*http.Response, error) { return f(r.Clone(r.Context()), next) })
	return &changed
}

// upstreams tampers with both ways to the servers: what the portal sends them,
// and what comes back.
func upstreams(f func(r *http.Request, next http.RoundTripper) (*http.Response, error)) func(*reference.Config) {
	return func(c *reference.Config) { c.Direct, c.Inspected = through(c.Direct, f), through(c.Inspected, f) }
}

// sent rewrites the JSON-RPC requests that the portal sends to servers; other
// requests come with a nil message.
func sent(rewrite func(r *http.Request, m message)) func(*reference.Config) {
	return upstreams(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if r.Body != nil {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			setBody(r, rewritten(r, body, rewrite))
		} else {
			rewrite(r, nil)
		}
		return next.RoundTrip(r)
	})
}

// front is a portal whose public host answers as the function does.
func front(answer http.HandlerFunc) inprocess.Tampering {
	return inprocess.Tampering{Access: func(http.Handler) http.Handler { return answer }}
}

// tampering is one that changes how the portal is put together, and nothing else.
func tampering(config func(*reference.Config)) inprocess.Tampering {
	return inprocess.Tampering{Config: config}
}
