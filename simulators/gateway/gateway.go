// Package gateway simulates an inspecting egress gateway: a forward proxy that
// terminates TLS, looks into every request, logs it, and sends it on from its
// own address.
//
// It speaks what every HTTP client speaks to a proxy: requests in absolute form
// for plain http (RFC 9112 §3.2.2), CONNECT for the rest (RFC 9110 §9.3.6). In a
// tunnel it answers the TLS handshake itself, with a certificate for the name
// that was asked for, signed by the configured authority. What it forwards keeps
// method, target, body and fields; hop-by-hop fields go (RFC 9110 §7.6.1), Via is
// added (§7.6.3). Protocol upgrades are not forwarded.
//
// It is built on net/http alone; two libraries were tried. elazarl/goproxy v1.9.3
// does not notice inside an intercepted tunnel that the client went away, so a
// cancelled call goes on at the upstream; it closes the tunnel where a client
// needs a 502; and it has no way to end its tunnels. httputil.ReverseProxy
// flushes from a timer that waits for a mutex held while a slow client is
// written to, which stops the clock of a testing/synctest bubble. Here a tunnel
// is served by an http.Server of its own, so that the same code runs inside and
// outside of tunnels. Informational answers (1xx) are not forwarded.
package gateway

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Config says how the gateway reaches the world and in whose name it signs.
type Config struct {
	// Client is the egress: its Transport sends what is forwarded, and its root
	// certificates decide which upstreams are trusted. Nothing else dials. Set
	// DisableCompression on it, or net/http asks for gzip on its own account. Its
	// Timeout, Jar and redirect policy are not used. Nil, or without a Transport:
	// a direct one with the system's roots.
	Client *http.Client

	// CA signs a certificate for each name that is intercepted, valid as long as
	// itself. Nil: CONNECT is answered 501.
	CA *tls.Certificate

	// Name is the host the gateway is reached at, and its pseudonym in Via. With a
	// port it is that port only, without one it is every port. Empty:
	// "gateway.example".
	Name string

	// Output receives each record as a line of JSON when its request has ended.
	// Writes are serialised and should not block. Nil: nowhere but Log.
	Output io.Writer
}

// Gateway is the forward proxy, an http.Handler for a server that speaks
// HTTP/1.1 and lets handlers take over connections.
type Gateway struct {
	name      string
	client    *http.Client
	authority *authority // nil: no interception
	journal   journal

	closing context.Context // ends with Close
	close   context.CancelFunc

	mu     sync.Mutex
	closed bool
	busy   sync.WaitGroup // requests and tunnels; Add only under mu while open
}

// New returns a gateway, or an error if the CA cannot sign certificates.
func New(c Config) (*Gateway, error) {
	g := &Gateway{name: c.Name, client: c.Client, journal: journal{output: c.Output}}
	if g.name == "" {
		g.name = "gateway.example"
	}
	if g.client == nil || g.client.Transport == nil {
		g.client = &http.Client{Transport: &http.Transport{DisableCompression: true}}
	}
	if c.CA != nil {
		a, err := newAuthority(c.CA)
		if err != nil {
			return nil, fmt.Errorf("configure the gateway's certificate authority: %w", err)
		}
		g.authority = a
	}
	g.closing, g.close = context.WithCancel(context.Background())
	return g, nil
}

// ServeHTTP forwards one request, or opens a tunnel and stays until it ends.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.enter() {
		http.Error(w, "gateway: closed", http.StatusServiceUnavailable)
		return
	}
	defer g.busy.Done()
	if r.Method == http.MethodConnect {
		g.serveConnect(w, r)
		return
	}
	g.serveForward(w, r)
}

// serveForward takes a request in absolute form. An https target in absolute
// form would cross the hop to the gateway in clear text and is refused.
func (g *Gateway) serveForward(w http.ResponseWriter, r *http.Request) {
	x := g.begin(w, r, site{scheme: cmp.Or(r.URL.Scheme, "http"), host: canonicalHost(r.URL.Scheme, r.Host)})
	defer x.end()
	switch {
	case r.URL.Host == "":
		x.refuse(http.StatusBadRequest, "this is a forward proxy: it takes requests in absolute form and CONNECT")
	case r.URL.Scheme != "http":
		x.refuse(http.StatusBadRequest, "only http targets are taken in absolute form, use CONNECT for "+x.to.host)
	case g.loops(r, x.to.host):
		x.refuse(http.StatusLoopDetected, "the request leads back to the gateway")
	default:
		x.forward()
	}
}

// Log returns what was forwarded or refused so far, in order of arrival.
// Requests still under way are there with what is known of them. The log is
// kept as long as the gateway.
func (g *Gateway) Log() []Record { return g.journal.records() }

// Close ends every tunnel and every request under way, and returns when they
// have ended. Afterwards requests are answered 503. The error is always nil.
func (g *Gateway) Close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.close()
	g.busy.Wait()
	g.client.CloseIdleConnections()
	return nil
}

func (g *Gateway) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.busy.Add(1)
	}
	return !g.closed
}

// loops reports a request for the gateway itself, or one that passed it before.
func (g *Gateway) loops(r *http.Request, host string) bool {
	if strings.EqualFold(host, g.name) || strings.EqualFold(hostname(host), g.name) || isLocal(r, host) {
		return true
	}
	for _, hop := range strings.Split(strings.Join(r.Header.Values("Via"), ","), ",") {
		if fields := strings.Fields(hop); len(fields) >= 2 && strings.EqualFold(fields[1], g.name) {
			return true
		}
	}
	return false
}

// via is the gateway's entry for a message received in a protocol version.
func (g *Gateway) via(major, minor int) string {
	return fmt.Sprintf("%d.%d %s", major, minor, g.name)
}
