package network

import (
	"bufio"
	"crypto/tls"
	"net"
	"sync"
)

// either speaks TLS with who begins with a handshake and plain HTTP with who
// does not: a forward proxy is spoken to in plain text, and so is what stands
// behind something that ends TLS for it.
type either struct {
	net.Listener
	config *tls.Config
}

// Accept takes a connection, whose first byte will decide.
func (e *either) Accept() (net.Conn, error) {
	c, err := e.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &undecided{Conn: c, config: e.config}, nil
}

// undecided is a connection whose first byte has not been looked at.
type undecided struct {
	net.Conn
	config *tls.Config
	once   sync.Once
	chosen net.Conn
}

const handshakeRecord = 0x16 // TLS ContentType handshake (RFC 8446 §5.1)

func (u *undecided) decide() net.Conn {
	u.once.Do(func() {
		ahead := &peeked{Conn: u.Conn, ahead: bufio.NewReader(u.Conn)}
		u.chosen = ahead
		if first, err := ahead.ahead.Peek(1); err == nil && first[0] == handshakeRecord {
			u.chosen = tls.Server(ahead, u.config)
		}
	})
	return u.chosen
}

// Read decides and reads.
func (u *undecided) Read(p []byte) (int, error) { return u.decide().Read(p) }

// Write decides and writes.
func (u *undecided) Write(p []byte) (int, error) { return u.decide().Write(p) }

// Close closes, without waiting for a first byte.
func (u *undecided) Close() error {
	u.once.Do(func() { u.chosen = u.Conn })
	return u.chosen.Close()
}

// peeked is a connection of which something was read ahead.
type peeked struct {
	net.Conn
	ahead *bufio.Reader
}

// Read reads what was read ahead first.
func (p *peeked) Read(b []byte) (int, error) { return p.ahead.Read(b) }
