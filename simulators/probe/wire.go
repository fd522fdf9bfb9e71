package probe

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// The headers of MCP, in Go's spelling.
const (
	headerRevision = "Mcp-Protocol-Version"
	headerSession  = "Mcp-Session-Id"
	headerMethod   = "Mcp-Method"
)

// line is the way to a server: it bounds what comes back, and nothing that goes
// out passes it by.
type line struct {
	http        *http.Client
	own         *http.Transport // nil: the transport is the Config's
	authorize   func(http.Header)
	credentials []string // names of the headers that authorize sets
	secrets     []string // what must not be printed
	limits      Limits
	left        int64 // bytes that may still be read
	lastID      int
}

func newLine(c Config) *line {
	l := &line{authorize: c.Authorize, limits: c.Limits.orDefaults()}
	l.left = 4 * l.limits.Answer
	l.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if c.HTTP != nil {
		l.http.Transport = c.HTTP.Transport
	} else {
		l.own = http.DefaultTransport.(*http.Transport).Clone()
		l.own.MaxResponseHeaderBytes = 256 << 10
		l.http.Transport = l.own
	}
	if l.authorize != nil {
		given := http.Header{}
		l.authorize(given)
		l.credentials = sortedNames(given)
		for _, values := range given {
			l.hide(6, values...)
		}
	}
	if u, err := url.Parse(c.URL); err == nil {
		for _, values := range u.Query() {
			l.hide(12, values...)
		}
	}
	return l
}

func (l *line) close() {
	if l.own != nil {
		l.own.CloseIdleConnections()
	}
}

// hide notes secrets: each value, and of "Bearer x" the x too. What is shorter
// than least would turn up by chance.
func (l *line) hide(least int, values ...string) {
	for _, v := range values {
		for _, secret := range []string{v, v[strings.LastIndex(v, " ")+1:]} {
			if len(secret) >= least {
				l.secrets = append(l.secrets, secret)
			}
		}
	}
}

// request is what is put to a server.
type request struct {
	verb      string
	at        *url.URL
	header    http.Header
	body      []byte // nil: none
	id        string // JSON, of the JSON-RPC request in the body; empty: nothing to answer
	method    string // of the JSON-RPC message
	anonymous bool   // without the credential
	odd       bool   // it is wrong on purpose, so a refusal is right
	madeUp    bool   // its session id is
	stream    reading
	wait      time.Duration // for headers and body; 0: Limits.Request
}

// reading is how much of an event stream is read.
type reading int

const (
	untilAnswer reading = iota
	firstEvent
	nothing
)

// exchange is a request and what came of it.
type exchange struct {
	ask     request
	status  int // 0: there was no HTTP answer
	header  http.Header
	media   string // type of the content, lower case, without parameters
	body    []byte // not of a stream
	events  []event
	cut     bool // the answer is longer than is read
	lingers bool // the stream stays open after the answer
	took    time.Duration
	failed  *trouble // nil: the answer was read as far as it should be
	reply
}

// heard says whether there is an HTTP answer, read to its end.
func (x *exchange) heard() bool { return x != nil && x.status != 0 && x.failed == nil }

func (x *exchange) good() bool { return x.heard() && x.status/100 == 2 }

func (x *exchange) is(status int) bool { return x.heard() && x.status == status }

// do puts a request. It never fails: what goes wrong is part of the exchange.
func (l *line) do(ctx context.Context, q request) *exchange {
	x := &exchange{ask: q}
	if q.wait == 0 {
		q.wait = l.limits.Request
	}
	begun := time.Now()
	var t track
	whole := ctx
	ctx, cancel := context.WithTimeout(httptrace.WithClientTrace(ctx, t.hooks()), q.wait)
	defer cancel()
	res, err := l.send(ctx, q)
	if err == nil {
		defer res.Body.Close()
		x.status, x.header, x.media = res.StatusCode, res.Header, mediaOf(res.Header)
		err = l.read(x, res.Body, cancel)
	}
	x.took = time.Since(begun)
	if err != nil {
		x.failed = troubleOf(err, &t, x.status != 0, q.at, x.took)
		x.failed.late = whole.Err() != nil
	}
	x.settle()
	return x
}

func (l *line) send(ctx context.Context, q request) (*http.Response, error) {
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(ctx, q.verb, q.at.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header = q.header.Clone()
	req.Header.Set("User-Agent", "portico-probe")
	if l.authorize != nil && !q.anonymous {
		l.authorize(req.Header)
	}
	return l.http.Do(req)
}

// read reads an answer as far as it is wanted and allowed.
func (l *line) read(x *exchange, from io.Reader, cancel context.CancelFunc) error {
	allowed := min(l.limits.Answer, l.left)
	counted := &meter{from: io.LimitReader(from, allowed+1)}
	defer func() {
		l.left = max(0, l.left-counted.read)
		x.cut = counted.read > allowed
	}()
	if x.media == "text/event-stream" && x.status == http.StatusOK {
		return x.follow(counted, cancel)
	}
	body, err := io.ReadAll(counted)
	x.body = body[:min(int64(len(body)), allowed)]
	return err
}

type meter struct {
	from io.Reader
	read int64
}

// Read reads and counts.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	m.read += int64(n)
	return n, err
}

// track is how far a connection got; the hooks run on goroutines of the
// transport.
type track struct{ dialled, connected atomic.Bool }

func (t *track) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { t.dialled.Store(true) },
		ConnectStart: func(string, string) { t.dialled.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { t.connected.Store(true) },
	}
}

func mediaOf(h http.Header) string {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// scrub takes what must not be printed out of a Report, wherever a server
// repeated it.
func (l *line) scrub(r Report) Report {
	if len(l.secrets) == 0 {
		return r
	}
	var pairs []string
	for _, s := range l.secrets {
		pairs = append(pairs, s, "[secret]")
		for n := len(s) - 1; n >= 4; n-- { // where a text was cut short
			pairs = append(pairs, s[:n]+"…", "[secret]…")
		}
	}
	clean := strings.NewReplacer(pairs...).Replace
	for _, text := range []*string{
		&r.ServerName, &r.ServerVersion, &r.Negotiated, &r.Opening,
		&r.Auth.ResourceMetadata, &r.Auth.Resource, &r.Auth.AuthorizationServer,
	} {
		*text = clean(*text)
	}
	for i, revision := range r.Revisions {
		r.Revisions[i] = clean(revision)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Sentence, f.See = clean(f.Sentence), clean(f.See)
	}
	return r
}
