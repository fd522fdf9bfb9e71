package network

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/portico-mcp/portico/simulators/trace"
)

// recordedBody is how much of a body is kept, in bytes; more would make the
// record of a flood a flood itself.
const recordedBody = 1 << 20

// recorder keeps the exchanges of a network in the order of their events.
type recorder struct {
	bound Bound // fixed before the first exchange

	mu       sync.Mutex
	began    time.Time
	event    int
	seen     []*exchange
	inFlight map[string]*exchange // by the dialling end's address and port
	sources  map[string]string    // address and port that a listener was called from, to address

	log     []logged // the events, for those who follow
	bytes   int      // of the bodies that are kept
	dropped int      // exchanges that were given up for newer ones
	watches map[chan struct{}]bool
}

// exchange is one exchange while it is going on; guarded by the recorder.
type exchange struct {
	trace.Exchange
	id    int       // the event of its request: it stays when others are dropped
	at    time.Time // of its request
	conn  string    // the dialling end's address and port; "": not known yet
	bytes int
	gone  bool // it was dropped
}

func newRecorder() *recorder {
	return &recorder{
		began: time.Now(), inFlight: map[string]*exchange{}, sources: map[string]string{}, watches: map[chan struct{}]bool{},
	}
}

func (r *recorder) begin(from, to trace.Party, req trace.Request) *exchange {
	return r.beginFrom("", from, to, req)
}

// beginFrom is begin where the caller's address is known already.
func (r *recorder) beginFrom(address string, from, to trace.Party, req trace.Request) *exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.event++
	now := time.Now()
	x := &exchange{Exchange: trace.Exchange{
		From: from, To: to, Address: address, Sent: r.event, After: now.Sub(r.began), Request: req,
	}, id: r.event, at: now}
	r.seen = append(r.seen, x)
	r.holds(x, len(req.Body))
	r.happened(x)
	r.makeRoom()
	return x
}

func (r *recorder) answer(x *exchange, status int, header http.Header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x.Response = &trace.Response{Status: status, Header: header.Clone()}
}

func (r *recorder) read(x *exchange, part []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := recordedBody - len(x.Response.Body)
	more := string(part[:min(room, len(part))])
	x.Response.Body += more
	r.holds(x, len(more))
}

func (r *recorder) end(x *exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x.Answered == 0 {
		r.event++
		x.Answered = r.event
		x.Took = time.Since(x.at)
		r.happened(x)
	}
	if r.inFlight[x.conn] == x {
		delete(r.inFlight, x.conn)
	}
}

func (r *recorder) fail(x *exchange, err error) {
	r.mu.Lock()
	x.Failure = plain(err)
	r.mu.Unlock()
	r.end(x)
}

func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.seen {
		x.gone = true
	}
	r.seen, r.log, r.bytes, r.began = nil, nil, 0, time.Now()
}

// since is when the record began.
func (r *recorder) since() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.began
}

func (r *recorder) exchanges() []trace.Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]trace.Exchange, len(r.seen))
	for i, x := range r.seen {
		out[i] = x.copy()
	}
	return out
}

// copy is the exchange as it is now.
func (x *exchange) copy() trace.Exchange {
	e := x.Exchange
	if x.Response != nil {
		response := *x.Response
		e.Response = &response
	}
	return e
}

// rides notes which connection carries the exchange, so that the listening
// end can tell a request of ours from a stranger's.
func (r *recorder) rides(x *exchange, local string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight[local], x.conn = x, local
	if source, ok := r.sources[local]; ok {
		x.Address = source
	}
}

// heard is called by a listener: it notes the caller's address, and returns
// whether the dialling end has recorded the exchange.
func (r *recorder) heard(remote string) bool {
	source, _, err := net.SplitHostPort(remote)
	if err != nil {
		source = remote
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sources[remote] = source
	x := r.inFlight[remote]
	if x != nil {
		x.Address = source
	}
	return x != nil
}

// transport records at the dialling end.
type transport struct {
	host *Host
	via  trace.Party // the proxy, if everything goes through one
	next *http.Transport
}

// CloseIdleConnections lets http.Client end what it keeps open.
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

// RoundTrip sends the request and records it, with the response as far as the
// caller reads it.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := t.host.network.recorder
	sent, body, err := keep(req)
	if err != nil {
		return nil, err
	}
	to := t.via
	if to == "" {
		to = t.host.network.party(req.URL.Host)
	}
	x := rec.begin(t.host.party, to, trace.Request{
		Method: req.Method, URL: req.URL.String(), Header: req.Header.Clone(), Body: string(body),
	})
	hooks := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		rec.rides(x, c.Conn.LocalAddr().String())
	}}
	res, err := t.next.RoundTrip(sent.WithContext(httptrace.WithClientTrace(sent.Context(), hooks)))
	if err != nil {
		rec.fail(x, err)
		return nil, err
	}
	rec.answer(x, res.StatusCode, res.Header)
	res.Body = &witness{ReadCloser: res.Body, recorder: rec, exchange: x}
	return res, nil
}

// keep returns the request with a body that can be sent, and that body.
func keep(req *http.Request) (*http.Request, []byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, nil, nil
	}
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, nil, err
	}
	out := req.Clone(req.Context())
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.ContentLength = int64(len(body))
	return out, body[:min(recordedBody, len(body))], nil
}

// witness notes what the asking program reads.
type witness struct {
	io.ReadCloser
	recorder *recorder
	exchange *exchange
}

func (w *witness) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.recorder.read(w.exchange, p[:n])
	}
	if err != nil {
		w.recorder.end(w.exchange)
	}
	return n, err
}

func (w *witness) Close() error {
	w.recorder.end(w.exchange)
	return w.ReadCloser.Close()
}
