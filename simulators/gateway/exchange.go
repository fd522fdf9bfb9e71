package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// exchange is one request on its way through the gateway, and its answer.
type exchange struct {
	gateway *Gateway
	w       http.ResponseWriter
	r       *http.Request
	to      site
	entry   *entry
	stop    func()
}

// begin notes the request's arrival. Closing the gateway ends the exchange
// wherever it is stuck: at the upstream, or at either end of the client.
func (g *Gateway) begin(w http.ResponseWriter, r *http.Request, to site) *exchange {
	ctx, cancel := context.WithCancel(r.Context())
	control := http.NewResponseController(w)
	unhook := context.AfterFunc(g.closing, func() {
		cancel()
		past := time.Unix(1, 0)
		_ = control.SetReadDeadline(past)
		_ = control.SetWriteDeadline(past)
	})
	x := &exchange{gateway: g, w: w, r: r.WithContext(ctx), to: to}
	x.stop = func() { unhook(); cancel() }
	x.entry = g.journal.begin(newRecord(r, to))
	if r.Body != nil && r.Body != http.NoBody {
		x.r.Body = &counted{ReadCloser: r.Body, count: func(n int) { x.entry.change(func(r *Record) { r.BytesIn += int64(n) }) }}
	}
	return x
}

func (x *exchange) end() {
	x.stop()
	x.entry.end()
}

// forward is inspect, then relay.
func (x *exchange) forward() {
	if err := x.inspect(); err != nil {
		x.abandonIfLeft()
		x.refuse(http.StatusBadRequest, "the request's body cannot be read")
		return
	}
	x.relay()
}

// failed answers for an upstream that did not.
func (x *exchange) failed(err error) {
	x.abandonIfLeft()
	x.refuse(http.StatusBadGateway, "no answer from "+x.to.host+": "+reason(err))
}

// abandonIfLeft breaks the connection if the client went away or the gateway is
// closing. Returning instead would make net/http answer 200.
func (x *exchange) abandonIfLeft() {
	if x.r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
}

// refuse is the gateway's own answer.
func (x *exchange) refuse(status int, problem string) {
	text := "gateway: " + problem + "\n"
	x.entry.change(func(r *Record) {
		r.Status, r.Error, r.BytesOut = status, problem, int64(len(text))
	})
	h := x.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	x.w.WriteHeader(status)
	_, _ = io.WriteString(x.w, text) // a client that left is the only failure
}

// reason says why an upstream could not be asked, in the words of the system or
// of the certificate check. It never repeats what an upstream sent.
func reason(err error) string {
	var (
		certificate *tls.CertificateVerificationError
		network     *net.OpError
		timeout     net.Error
	)
	switch {
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.As(err, &network) && network.Op == "dial":
		return network.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it took too long"
	}
	return "the connection broke or did not carry HTTP"
}

// counted is a body that reports how much was read from it.
type counted struct {
	io.ReadCloser
	count func(n int)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.count(n)
	return n, err
}
