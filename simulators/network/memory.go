package network

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// InMemory is a network without a system underneath: hosts have DNS names,
// TLS certificates of the town's authority, and addresses of their own out of
// 198.18.0.0/15 (RFC 2544). It runs inside a testing/synctest bubble.
func InMemory() *Network {
	// One classical key exchange, and handshakes that resume earlier ones: nobody
	// listens in memory, and a quarter of every story would be arithmetic.
	return build(&memory{doors: map[string]*door{}, ports: map[string]int{}}, &tls.Config{
		RootCAs: authority().pool, CurvePreferences: []tls.CurveID{tls.X25519}, ClientSessionCache: resumed,
	})
}

// resumed are TLS sessions with hosts in memory, which have the same certificates
// in every network of this process.
var resumed = tls.NewLRUClientSessionCache(64)

// tickets encrypts what they are resumed with.
var tickets = [][32]byte{{}}

type memory struct {
	mu    sync.Mutex
	doors map[string]*door // by DNS name
	ports map[string]int   // last port used, by address
}

var errRefused = errors.New("connection refused")

func (m *memory) address(n int) net.IP { return net.IPv4(198, 18, byte(n>>8), byte(n)) }

func (m *memory) listen(h *Host) (net.Listener, *url.URL, error) {
	if _, err := http.NewRequest(http.MethodGet, "https://"+h.name, nil); err != nil {
		return nil, nil, err
	}
	d := &door{name: h.name, calls: make(chan net.Conn), shut: make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.doors[h.name] != nil {
		return nil, nil, errors.New("there is a host of that DNS name")
	}
	m.doors[h.name] = d
	config := &tls.Config{GetCertificate: authority().certificate}
	config.SetSessionTicketKeys(tickets)
	return &either{Listener: d, config: config}, &url.URL{Scheme: "https", Host: h.name}, nil
}

func (m *memory) dial(ctx context.Context, from *Host, address string) (net.Conn, error) {
	name := strings.ToLower(hostOnly(address))
	m.mu.Lock()
	d := m.doors[name]
	m.ports[from.ip.String()]++
	here := &net.TCPAddr{IP: from.ip, Port: 49151 + m.ports[from.ip.String()]}
	m.mu.Unlock()
	if d == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}}
	}
	near, far := pipe(here, d.Addr())
	select {
	case d.calls <- far:
		return near, nil
	case <-d.shut:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errRefused}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// door is where a host of a network in memory is called.
type door struct {
	name  string
	calls chan net.Conn
	once  sync.Once
	shut  chan struct{}
}

func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.calls:
		return c, nil
	case <-d.shut:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error {
	d.once.Do(func() { close(d.shut) })
	return nil
}

func (d *door) Addr() net.Addr { return named(d.name) }

// named is the address of a listener that has only a name.
type named string

func (named) Network() string  { return "tcp" }
func (n named) String() string { return string(n) + ":443" }
