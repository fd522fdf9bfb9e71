package network

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"
)

func TestPipeIsAConn(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		a, b := pipe(named("a"), named("b"))
		return a, b, func() { _ = a.Close(); _ = b.Close() }, nil
	})
}
