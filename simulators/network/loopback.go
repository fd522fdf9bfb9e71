package network

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/portico-mcp/portico/simulators/trace"
)

// Ports gives some parties of a loopback network a fixed TCP port; a party it
// does not name gets a free one.
type Ports map[trace.Party]int

// LoopbackConfig says how hosts share the loopback interface with others. The
// zero value takes free ports and the first addresses.
type LoopbackConfig struct {
	Ports Ports // nil: free ports for everybody
	// Skip is how many addresses to leave to other networks of this machine.
	Skip int
}

// Loopback is a network on the loopback interface, in plain http: clients and
// editors distrust private certificates. Hosts listen on 127.0.0.1 and, where
// the system has all of 127.0.0.0/8 (Linux), each dials from an address of its
// own there, so that a listener can tell who called.
func Loopback(c LoopbackConfig) *Network {
	return build(&loopback{LoopbackConfig: c, distinct: canDialFrom(net.IPv4(127, 0, 0, 2))}, nil)
}

type loopback struct {
	LoopbackConfig
	distinct bool
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
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, nil, fmt.Errorf("listen on port %d: %w", port, err)
	}
	return listener, &url.URL{Scheme: "http", Host: listener.Addr().String()}, nil
}

func (l *loopback) dial(ctx context.Context, from *Host, address string) (net.Conn, error) {
	var d net.Dialer
	if from.ip != nil {
		d.LocalAddr = &net.TCPAddr{IP: from.ip}
	}
	return d.DialContext(ctx, "tcp", address)
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
