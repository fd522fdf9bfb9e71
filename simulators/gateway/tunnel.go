package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// handshakeRecord is the first byte of a TLS connection, RFC 8446 §5.1.
const handshakeRecord = 0x16

// serveConnect opens a tunnel. A refusal leaves a record; a tunnel does not, the
// requests in it do.
func (g *Gateway) serveConnect(w http.ResponseWriter, r *http.Request) {
	to := site{scheme: "https", host: canonicalHost("https", r.Host)}
	refuse := func(status int, problem string) {
		x := g.begin(w, r, to)
		defer x.end()
		x.refuse(status, problem)
	}
	if status, problem := g.refusesTunnel(r, to); problem != "" {
		refuse(status, problem)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		refuse(http.StatusNotImplemented, "tunnels need an HTTP/1.1 connection")
		return
	}
	defer conn.Close()
	defer context.AfterFunc(g.closing, func() { conn.Close() })()
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	g.serveTunnel(&tunnel{Conn: conn, reader: rw.Reader, closed: make(chan struct{})}, r.Host)
}

func (g *Gateway) refusesTunnel(r *http.Request, to site) (status int, problem string) {
	if _, port, err := net.SplitHostPort(r.Host); err != nil || port == "" {
		return http.StatusBadRequest, "CONNECT wants a host and a port" // RFC 9110 §9.3.6
	}
	switch {
	case g.authority == nil:
		return http.StatusNotImplemented, "it has no certificate authority, so it cannot look into a tunnel to " + to.host
	case g.loops(r, to.host):
		return http.StatusLoopDetected, "the tunnel leads back to the gateway"
	}
	return 0, ""
}

// serveTunnel serves what comes out of a tunnel until the tunnel is closed. A
// tunnel may carry plain http: some clients ask for one whatever the scheme.
func (g *Gateway) serveTunnel(t *tunnel, authority string) {
	first, err := t.reader.Peek(1)
	if err != nil {
		return
	}
	to := site{scheme: "http", host: canonicalHost("http", authority)}
	var conn net.Conn = t
	if first[0] == handshakeRecord {
		to = site{scheme: "https", host: canonicalHost("https", authority)}
		conn = tls.Server(t, g.authority.configFor(hostname(authority)))
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serveInside(w, r, to) }),
		ReadHeaderTimeout: time.Minute, // also bounds the handshake
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // what matters is in the log of requests
	}
	_ = server.Serve(&single{conn: conn, tunnel: t}) // ends with the tunnel, by an error that says so
}

// serveInside takes a request that came out of a tunnel. Its Host must be the
// tunnel's: what is inspected and logged is where the bytes go.
func (g *Gateway) serveInside(w http.ResponseWriter, r *http.Request, to site) {
	if !g.enter() {
		panic(http.ErrAbortHandler) // closing: the tunnel is about to break anyway
	}
	defer g.busy.Done()
	x := g.begin(w, r, to)
	defer x.end()
	switch {
	case r.Method == http.MethodConnect:
		x.refuse(http.StatusBadRequest, "there are no tunnels in a tunnel")
	case canonicalHost(to.scheme, r.Host) != to.host:
		x.refuse(http.StatusMisdirectedRequest, "the tunnel leads to "+to.host+" only")
	case g.loops(r, to.host):
		x.refuse(http.StatusLoopDetected, "the request leads back to the gateway")
	default:
		x.forward()
	}
}

// tunnel is a connection taken over after CONNECT, with what its first server
// had read ahead.
type tunnel struct {
	net.Conn
	reader *bufio.Reader
	once   sync.Once
	closed chan struct{}
}

func (t *tunnel) Read(p []byte) (int, error) { return t.reader.Read(p) }

func (t *tunnel) Close() error {
	t.once.Do(func() { close(t.closed) })
	return t.Conn.Close()
}

// single is a listener for one connection: it gives it once and then waits
// until it is closed.
type single struct {
	conn   net.Conn
	tunnel *tunnel
}

func (s *single) Accept() (net.Conn, error) {
	if c := s.conn; c != nil {
		s.conn = nil
		return c, nil
	}
	<-s.tunnel.closed
	return nil, net.ErrClosed
}

func (s *single) Close() error   { return nil }
func (s *single) Addr() net.Addr { return s.tunnel.LocalAddr() }
