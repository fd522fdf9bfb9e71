// Package network is a small internet of named hosts.
//
// Every party of a town stands on a Host: it serves an http.Handler under its
// own origin and dials others with the http.Client the host hands out. The
// network records each exchange, once, at the dialling end if that end is
// ours (a request when it is sent, its answer when the asking program has read
// the last byte), else at the listening end; parties are never told. A listener
// always notes the address it was called from.
//
// There are two grounds to build on: InMemory, where every host has a name, an
// address of its own and TLS, and everything runs inside a testing/synctest
// bubble; and Loopback, where the same hosts listen on 127.0.0.1 in plain http
// and, where the system allows, dial from a loopback address of their own.
package network

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/portico-mcp/portico/simulators/trace"
)

// Network is the hosts of one town and the record of what they said.
type Network struct {
	ground   ground
	trust    *tls.Config // what hosts dial with; nil: plain http
	recorder *recorder

	mu    sync.Mutex
	hosts map[trace.Party]*Host
	names map[string]trace.Party     // URL host to party
	roles map[trace.Party]trace.Role // of parties that are no hosts of ours
}

// ground is what a network is built on: how a host listens and dials.
type ground interface {
	// listen opens the host's door and gives its origin.
	listen(h *Host) (net.Listener, *url.URL, error)
	// dial connects from the host to an address of this network.
	dial(ctx context.Context, from *Host, address string) (net.Conn, error)
	// address is what the n-th host dials from; nil: the system's choice.
	address(n int) net.IP
}

func build(g ground, trust *tls.Config) *Network {
	return &Network{
		ground:   g,
		trust:    trust,
		recorder: newRecorder(),
		hosts:    map[trace.Party]*Host{},
		names:    map[string]trace.Party{},
		roles:    map[trace.Party]trace.Role{},
	}
}

// Host is a party's place on the network.
type Host struct {
	party   trace.Party
	role    trace.Role
	name    string // DNS name
	network *Network
	ip      net.IP // own source address, nil: the system's choice

	listener net.Listener
	origin   *url.URL

	mu         sync.Mutex
	server     *http.Server
	transports []*http.Transport
}

// ErrNotListening is returned when a host that only dials is asked to serve.
var ErrNotListening = errors.New("host has no name to listen on")

// Host puts a party on the network under a DNS name (in memory; loopback hosts
// are told apart by port) and opens its door; what arrives waits until Serve.
// An empty name makes a host that only dials.
func (n *Network) Host(party trace.Party, role trace.Role, name string) (*Host, error) {
	h := &Host{party: party, role: role, name: name, network: n}
	n.mu.Lock()
	_, taken := n.hosts[party]
	if !taken {
		n.hosts[party] = h
		h.ip = n.ground.address(len(n.hosts))
	}
	n.mu.Unlock()
	if taken {
		return nil, fmt.Errorf("put %s on the network: there is a host of that name", party)
	}
	if name == "" {
		return h, nil
	}
	listener, origin, err := n.ground.listen(h)
	if err != nil {
		return nil, fmt.Errorf("put %s on the network: %w", party, err)
	}
	h.listener, h.origin = listener, origin
	n.mu.Lock()
	n.names[origin.Host] = party
	n.mu.Unlock()
	return h, nil
}

// Outsider names a party that stands elsewhere, by the host (and port, if any)
// of its URLs.
func (n *Network) Outsider(party trace.Party, role trace.Role, host string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names[strings.ToLower(host)], n.roles[party] = party, role
}

// Party is the name the town gives the host.
func (h *Host) Party() trace.Party { return h.party }

// Origin is the host's origin without a final slash: "https://wiki.example",
// "http://127.0.0.1:41873".
func (h *Host) Origin() string {
	if h.origin == nil {
		return ""
	}
	return h.origin.String()
}

// Address is the address the host dials from, without a port; empty if the
// system chooses it for all hosts alike.
func (h *Host) Address() string {
	if h.ip == nil {
		return ""
	}
	return h.ip.String()
}

// Serve answers what arrives at the host with the handler, until Close.
func (h *Host) Serve(handler http.Handler) error {
	if h.listener == nil {
		return fmt.Errorf("serve %s: %w", h.party, ErrNotListening)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server = &http.Server{
		Handler:           h.network.recorder.listening(h, handler),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          silent,
	}
	go func(s *http.Server) { _ = s.Serve(h.listener) }(h.server)
	return nil
}

// Client is an HTTP client that dials from this host. It keeps no cookies and
// follows redirects as http.Client does.
func (h *Host) Client() *http.Client { return h.client(nil, nil) }

// ClientVia is a client of this host that sends everything through a forward
// proxy on another host, and trusts the certificates that roots allows besides
// the network's own (the proxy's certificate authority; nil: no others).
func (h *Host) ClientVia(proxy *Host, roots []*tls.Certificate) *http.Client {
	return h.client(proxy, roots)
}

func (h *Host) client(proxy *Host, roots []*tls.Certificate) *http.Client {
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return h.network.ground.dial(ctx, h, address)
		},
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		TLSClientConfig:     trusting(h.network.trust, roots),
	}
	to := trace.Party("")
	if proxy != nil {
		to = proxy.party
		t.Proxy = http.ProxyURL(proxyURL(proxy))
	}
	h.mu.Lock()
	h.transports = append(h.transports, t)
	h.mu.Unlock()
	return &http.Client{Transport: &transport{host: h, via: to, next: t}}
}

// proxyURL is where a forward proxy is spoken to: always in plain http, since
// what matters is encrypted inside.
func proxyURL(proxy *Host) *url.URL {
	u := *proxy.origin
	u.Scheme = "http"
	return &u
}

// Close shuts the host's door at once and ends its idle connections.
func (h *Host) Close() {
	h.mu.Lock()
	server, transports := h.server, h.transports
	h.mu.Unlock()
	for _, t := range transports {
		t.CloseIdleConnections()
	}
	if server != nil {
		_ = server.Close()
	}
	if h.listener != nil {
		_ = h.listener.Close() // the server may not know of it yet
	}
}

// Close shuts every host.
func (n *Network) Close() {
	n.mu.Lock()
	hosts := make([]*Host, 0, len(n.hosts))
	for _, h := range n.hosts {
		hosts = append(hosts, h)
	}
	n.mu.Unlock()
	for _, h := range hosts {
		h.Close()
	}
}

// Trace is what was seen since the network was built, or since Forget, in
// canonical order.
func (n *Network) Trace() trace.Trace {
	return trace.Trace{Exchanges: n.recorder.exchanges(), Roles: n.Roles()}.Canonical()
}

// Roles says what every party is that is known so far.
func (n *Network) Roles() map[trace.Party]trace.Role {
	n.mu.Lock()
	defer n.mu.Unlock()
	roles := maps.Clone(n.roles)
	for party, h := range n.hosts {
		roles[party] = h.role
	}
	return roles
}

// Began is the time from which the trace counts.
func (n *Network) Began() time.Time { return n.recorder.since() }

// Forget drops what was recorded so far: what came before a story is not part
// of it.
func (n *Network) Forget() { n.recorder.forget() }

// party is who stands behind a URL's host; the host itself if nobody does.
func (n *Network) party(host string) trace.Party {
	n.mu.Lock()
	defer n.mu.Unlock()
	if party, ok := n.names[strings.ToLower(host)]; ok {
		return party
	}
	return trace.Party(host)
}

// caller is who dials from an address; "" if that is not known.
func (n *Network) caller(ip string) trace.Party {
	n.mu.Lock()
	defer n.mu.Unlock()
	for party, h := range n.hosts {
		if h.ip != nil && h.ip.String() == ip {
			return party
		}
	}
	return ""
}
