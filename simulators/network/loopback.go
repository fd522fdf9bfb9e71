package network

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"

	"github.com/portico-mcp/portico/simulators/trace"
)

// Ports gives some parties of a loopback network a fixed TCP port; a party it
// does not name gets a free one.
type Ports map[trace.Party]int

// LoopbackConfig says how hosts share the loopback interface with others, and
// how they are reached from elsewhere. The zero value takes free ports and the
// first addresses, and speaks plain http on 127.0.0.1.
type LoopbackConfig struct {
	Ports Ports // nil: free ports for everybody
	// Skip is how many addresses to leave to other networks of this machine.
	Skip int

	// Listen is the IP address that doors are opened on; empty: 127.0.0.1.
	Listen string
	// Advertise is the name in the origins of hosts; empty: the address listened
	// on, or 127.0.0.1 if that is every address.
	Advertise string
	// Public are the origins of hosts that are reached from elsewhere through
	// something that is not ours (a tunnel); nil: there are none.
	Public map[trace.Party]string
	// Authority signs a certificate for every name that is asked for; nil: plain
	// http. A door that speaks TLS takes plain http too.
	Authority *tls.Certificate
	// Plain keeps the origins that are not Public at http all the same: the
	// Authority serves the Public ones alone.
	Plain bool

	// Reach says which host and port may be dialled: a portal under test can name
	// any in its redirects and its metadata. What may not be is a failed exchange
	// in the record. nil: everything may.
	Reach func(address string) bool

	// Keep bounds the record: how many exchanges, and how many bytes of bodies;
	// 0: everything is kept.
	Keep Bound
}

// ErrBeyond says that a host is none of those that may be reached.
var ErrBeyond = errors.New("no host of this town")

// Loopback is a network on the loopback interface, in plain http unless it has
// an Authority: clients and editors distrust private certificates. Hosts listen
// on 127.0.0.1 and, where the system has all of 127.0.0.0/8 (Linux), each dials
// from an address of its own there, so that a listener can tell who called.
// Hosts reach one another without leaving the machine, whatever their origin.
func Loopback(c LoopbackConfig) *Network {
	l := &loopback{
		LoopbackConfig: c, distinct: canDialFrom(net.IPv4(127, 0, 0, 2)), doors: map[string]string{},
	}
	l.Listen = cmp.Or(c.Listen, "127.0.0.1")
	if ip := net.ParseIP(l.Listen); l.Advertise == "" && ip != nil && ip.IsUnspecified() {
		l.Advertise = "127.0.0.1"
	}
	l.Advertise = cmp.Or(l.Advertise, l.Listen)
	var trust *tls.Config
	if c.Authority != nil {
		l.signer = newCertificateAuthority(c.Authority)
		trust = &tls.Config{RootCAs: withSystemRoots(c.Authority)}
	}
	n := build(l, trust)
	n.recorder.bound = c.Keep
	return n
}

type loopback struct {
	LoopbackConfig
	distinct bool
	signer   *certificateAuthority // nil: plain http

	mu    sync.Mutex
	doors map[string]string // by host and port of an origin: the address that is listened on
}

// address is the n-th host's own; the first is 127.0.0.2, since 127.0.0.1 is
// everybody's.
func (l *loopback) address(n int) net.IP {
	if !l.distinct {
		return nil
	}
	n += l.Skip + 1
	return net.IPv4(127, 0, byte(n>>8), byte(n))
}

func (l *loopback) listen(h *Host) (net.Listener, *url.URL, error) {
	port := l.Ports[h.party]
	listener, err := net.Listen("tcp", net.JoinHostPort(l.Listen, strconv.Itoa(port)))
	if err != nil {
		return nil, nil, fmt.Errorf("listen on port %d: %w", port, err)
	}
	origin, err := l.origin(h.party, listener.Addr().(*net.TCPAddr).Port)
	if err != nil {
		_ = listener.Close()
		return nil, nil, err
	}
	l.mu.Lock()
	l.doors[withPort(origin)] = near(listener.Addr())
	l.mu.Unlock()
	if l.signer != nil {
		return &either{Listener: listener, config: &tls.Config{GetCertificate: l.signer.certificate}}, origin, nil
	}
	return listener, origin, nil
}

// origin is how a host is called: by its public origin, or by the name that all
// share and its port.
func (l *loopback) origin(party trace.Party, port int) (*url.URL, error) {
	if public := l.Public[party]; public != "" {
		u, err := url.Parse(public)
		if err != nil || u.Host == "" || u.Path != "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("public URL %q is no origin: write https://name, without a path", public)
		}
		if u.Scheme == "https" && l.signer == nil {
			return nil, fmt.Errorf("public URL %q of %s is https: that needs a certificate authority for what stays inside", public, party)
		}
		return u, nil
	}
	scheme := "http"
	if l.signer != nil && !l.Plain {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(l.Advertise, strconv.Itoa(port))}, nil
}

// near is where a door is found from this machine.
func near(a net.Addr) string {
	tcp := a.(*net.TCPAddr)
	if tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return tcp.String()
}

// withPort is the host and port that an origin leads to.
func withPort(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Host
	case u.Scheme == "https":
		return net.JoinHostPort(u.Hostname(), "443")
	default:
		return net.JoinHostPort(u.Hostname(), "80")
	}
}

func (l *loopback) dial(ctx context.Context, from *Host, address string) (net.Conn, error) {
	l.mu.Lock()
	ours := l.doors[address]
	l.mu.Unlock()
	if ours == "" && l.Reach != nil && !l.Reach(address) {
		return nil, fmt.Errorf("%w: %s", ErrBeyond, address)
	}
	door := cmp.Or(ours, address)
	var d net.Dialer
	host, _, _ := net.SplitHostPort(door)
	if ip := net.ParseIP(host); from.ip != nil && (ip == nil && host == "localhost" || ip != nil && ip.IsLoopback()) {
		d.LocalAddr = &net.TCPAddr{IP: from.ip}
	}
	c, err := d.DialContext(ctx, "tcp", door)
	if err != nil && host == "localhost" && d.LocalAddr != nil {
		d.LocalAddr = nil // a program that listens on ::1 alone, as Node's do
		return d.DialContext(ctx, "tcp", door)
	}
	return c, err
}

// canDialFrom says whether a socket may be bound to the address.
func canDialFrom(ip net.IP) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(ip.String(), "0"))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}
