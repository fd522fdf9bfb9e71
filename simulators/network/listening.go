package network

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/portico-mcp/portico/simulators/trace"
)

// silent drops what net/http would log about broken connections, which are
// the business of the stories that break them.
var silent = log.New(io.Discard, "", 0)

// listening wraps a host's handler: it notes the address of every caller, and
// records the exchange if nobody at the dialling end has.
func (r *recorder) listening(h *Host, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.heard(req.RemoteAddr) || req.Method == http.MethodConnect {
			next.ServeHTTP(w, req)
			return
		}
		from := h.network.caller(hostOnly(req.RemoteAddr))
		body, err := io.ReadAll(io.LimitReader(req.Body, recordedBody))
		if err != nil {
			http.Error(w, "read body", http.StatusBadRequest)
			return
		}
		x := r.beginFrom(hostOnly(req.RemoteAddr), from, h.party, trace.Request{
			Method: req.Method, URL: h.origin.String() + req.URL.RequestURI(), Header: req.Header.Clone(), Body: string(body),
		})
		req.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), req.Body), req.Body}
		defer r.end(x)
		next.ServeHTTP(&answering{ResponseWriter: w, recorder: r, exchange: x}, req)
	})
}

// answering notes what a handler answers.
type answering struct {
	http.ResponseWriter
	recorder *recorder
	exchange *exchange
	began    bool
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush sends what was written so far.
func (a *answering) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

func (a *answering) WriteHeader(status int) {
	if !a.began && status >= 200 {
		a.began = true
		a.recorder.answer(a.exchange, status, a.Header())
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answering) Write(p []byte) (int, error) {
	if !a.began {
		a.began = true
		a.recorder.answer(a.exchange, http.StatusOK, a.Header())
	}
	n, err := a.ResponseWriter.Write(p)
	a.recorder.read(a.exchange, p[:n])
	return n, err
}

func hostOnly(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// plain is a transport error in words that are the same on every system and
// in every run: no ports, no addresses.
func plain(err error) string {
	var op *net.OpError
	var u *url.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, errRefused):
		return "connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "connection closed"
	case errors.As(err, &u):
		return plain(u.Err)
	case errors.As(err, &op):
		return op.Err.Error()
	default:
		return err.Error()
	}
}
