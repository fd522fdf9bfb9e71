package gateway_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/simulators/gateway"
)

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// raw sends bytes to an address and reads one answer.
func raw(t *testing.T, address, text string) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, text)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

func TestRefusals(t *testing.T) {
	n := build(t)
	self := n.proxy.Host
	for _, c := range []struct {
		name, first, fields string
		status              int
		problem             string
	}{
		{"origin form", "GET /log HTTP/1.1", "Host: " + self, 400, "this is a forward proxy"},
		{"https in absolute form", "GET https://wiki.example/ HTTP/1.1", "Host: wiki.example", 400, "use CONNECT for wiki.example"},
		{"other scheme", "GET ftp://wiki.example/ HTTP/1.1", "Host: wiki.example", 400, "only http targets"},
		{"itself by name", "GET http://Gateway.example:80/ HTTP/1.1", "Host: x", 508, "leads back to the gateway"},
		{"itself by address", "GET http://" + self + "/ HTTP/1.1", "Host: x", 508, "leads back to the gateway"},
		{"seen before", "GET http://wiki.example/ HTTP/1.1", "Host: x\r\nVia: 1.1 other\r\nVia: 1.0 other (x), 1.1 GATEWAY.example (y)", 508, "leads back to the gateway"},
		{"tunnel to itself", "CONNECT gateway.example:443 HTTP/1.1", "Host: x", 508, "leads back to the gateway"},
		{"tunnel seen before", "CONNECT wiki.example:443 HTTP/1.1", "Host: x\r\nVia: 1.1 gateway.example", 508, "leads back to the gateway"},
		{"tunnel without port", "CONNECT wiki.example HTTP/1.1", "Host: x", 400, "a host and a port"},
	} {
		status, body := raw(t, self, c.first+"\r\n"+c.fields+"\r\n\r\n")
		if status != c.status || !strings.HasPrefix(body, "gateway: ") || !strings.Contains(body, c.problem) {
			t.Errorf("%s: %d %q", c.name, status, body)
		}
		if r := n.last(t); r.Status != c.status || r.Action != "" || !strings.Contains(r.Error, c.problem) {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestTunnelLeadsToOneHost(t *testing.T) {
	upstream := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the upstream was asked") }))
	defer upstream.Close()
	n := build(t, upstream)
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"another Host": {func(r *http.Request) { r.Host = "mail.example" }, http.StatusMisdirectedRequest},
		"a loop":       {func(r *http.Request) { r.Header.Set("Via", "1.1 gateway.example") }, http.StatusLoopDetected},
	} {
		r := request("GET", upstream.URL, "")
		c.change(r)
		if status, _, body := n.do(t, r); status != c.status {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
	host := upstream.Listener.Addr().String()
	conn, err := net.Dial("tcp", n.proxy.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\nCONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host, host, host)
	answers := bufio.NewReader(conn)
	http.ReadResponse(answers, nil)
	if res, err := http.ReadResponse(answers, nil); err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("tunnel in a tunnel: %v %v", res, err)
	}
}

func TestWithoutAuthority(t *testing.T) {
	g, err := gateway.New(gateway.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	defer server.Close()
	defer g.Close()
	status, body := raw(t, server.Listener.Addr().String(), "CONNECT wiki.example:443 HTTP/1.1\r\nHost: x\r\n\r\n")
	if status != http.StatusNotImplemented || body != "gateway: it has no certificate authority, so it cannot look into a tunnel to wiki.example\n" {
		t.Errorf("%d %q", status, body)
	}
	if log := g.Log(); len(log) != 1 || log[0].Method != "CONNECT" || log[0].URL != "wiki.example" || log[0].Status != 501 {
		t.Errorf("%+v", log)
	}
}

func TestNameWithAPortIsThatPortOnly(t *testing.T) {
	g, err := gateway.New(gateway.Config{Name: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	server, upstream := httptest.NewServer(g), httptest.NewServer(recording(new(seen)))
	defer upstream.Close()
	defer server.Close()
	defer g.Close()
	for address, status := range map[string]int{upstream.URL: http.StatusTeapot, "http://127.0.0.1:1": http.StatusLoopDetected} {
		if got, body := raw(t, server.Listener.Addr().String(), "GET "+address+"/ HTTP/1.1\r\nHost: x\r\n\r\n"); got != status {
			t.Errorf("%s: %d %q", address, got, body)
		}
	}
}

func TestBodyThatCannotBeRead(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the upstream was asked") }))
	defer upstream.Close()
	n := build(t)
	status, body := raw(t, n.proxy.Host, "POST "+upstream.URL+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	if status != http.StatusBadRequest {
		t.Errorf("%d %q", status, body)
	}
}

func TestClosed(t *testing.T) {
	n := build(t)
	n.gateway.Close()
	if status, _, _ := n.do(t, request("GET", "http://wiki.example/", "")); status != http.StatusServiceUnavailable {
		t.Errorf("%d", status)
	}
	n.gateway.Close() // twice is fine
}

func TestAuthoritiesThatCannotSign(t *testing.T) {
	noKey := *newCA(t)
	noKey.PrivateKey = nil
	for name, ca := range map[string]*tls.Certificate{
		"empty":   {},
		"garbage": {Certificate: [][]byte{[]byte("x")}},
		"no key":  &noKey,
	} {
		if _, err := gateway.New(gateway.Config{CA: ca}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
