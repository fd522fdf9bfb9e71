package gateway

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// relay sends the request on and the answer back as it comes. Whichever side goes
// away takes the other along: a cut answer is cut at the client too.
func (x *exchange) relay() {
	res, err := x.gateway.client.Transport.RoundTrip(x.outgoing())
	if err != nil {
		x.failed(err)
		return
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		x.failed(errors.New("switched protocols without being asked"))
		return
	}
	announced := x.writeHead(res)
	if err := x.copyBody(res.Body); err != nil {
		panic(http.ErrAbortHandler) // the head is out: breaking the connection is the only way to say it
	}
	x.writeTrailer(res, announced)
}

// outgoing is the request as the upstream gets it.
func (x *exchange) outgoing() *http.Request {
	out := x.r.Clone(x.r.Context())
	out.URL.Scheme, out.URL.Host, out.URL.User = x.to.scheme, x.to.host, nil
	out.RequestURI, out.Close = "", false
	out.Trailer = x.r.Trailer // the one that fills when the body ends, not its copy
	out.Body = nil            // what is known to be empty can be sent again on a fresh connection
	if x.r.ContentLength != 0 {
		out.Body = io.NopCloser(x.r.Body) // closing it is the server's business: that can wait for the client
	}
	removeHopByHop(out.Header)
	if hasToken(x.r.Header["Te"], "trailers") {
		out.Header.Set("Te", "trailers")
	}
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header.Set("User-Agent", "") // or net/http names itself
	}
	out.Header.Add("Via", x.gateway.via(x.r.ProtoMajor, x.r.ProtoMinor))
	return out
}

// writeHead notes the status before the client can see it, and sends the head
// without waiting for a body: an event stream may stay silent for long, and
// net/http guesses no Content-Type. It returns the names of announced trailers.
func (x *exchange) writeHead(res *http.Response) (announced []string) {
	h := x.w.Header()
	removeHopByHop(res.Header)
	maps.Copy(h, res.Header)
	h.Add("Via", x.gateway.via(res.ProtoMajor, res.ProtoMinor))
	announced = slices.Sorted(maps.Keys(res.Trailer))
	if len(announced) > 0 {
		h.Set("Trailer", strings.Join(announced, ", "))
	}
	x.entry.change(func(r *Record) { r.Status = res.StatusCode })
	x.w.WriteHeader(res.StatusCode)
	_ = http.NewResponseController(x.w).Flush() // a client that left shows when the body is written
	return announced
}

// copyBody passes each piece on at once. What is in the record has been read,
// and is noted before the client can see it.
func (x *exchange) copyBody(body io.Reader) error {
	control, buffer := http.NewResponseController(x.w), make([]byte, 32<<10)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			x.entry.change(func(r *Record) { r.BytesOut += int64(n) })
			if _, err := x.w.Write(buffer[:n]); err != nil {
				return err
			}
			if err := control.Flush(); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			x.brokeOff()
			return err
		}
	}
}

// brokeOff notes that an answer ended early, unless the client wanted that.
func (x *exchange) brokeOff() {
	if x.r.Context().Err() == nil {
		x.entry.change(func(r *Record) { r.Error = "the answer broke off" })
	}
}

// writeTrailer passes on what came after the body, announced or not.
func (x *exchange) writeTrailer(res *http.Response, announced []string) {
	for name, values := range res.Trailer {
		if !slices.Contains(announced, name) {
			name = http.TrailerPrefix + name
		}
		x.w.Header()[name] = values
	}
}

// removeHopByHop removes what concerns one connection only: what Connection
// lists, and what RFC 9110 §7.6.1 names besides.
func removeHopByHop(h http.Header) {
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info",
		"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		h.Del(name)
	}
}

func hasToken(lists []string, token string) bool {
	for _, list := range lists {
		for t := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}
