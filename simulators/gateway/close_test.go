package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/portico-mcp/portico/simulators/gateway"
)

// line is a network of one listener: its dialler calls it over net.Pipe.
type line struct {
	calls  chan net.Conn
	closed chan struct{}
}

func newLine() *line { return &line{calls: make(chan net.Conn), closed: make(chan struct{})} }

func (l *line) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *line) Close() error   { close(l.closed); return nil }
func (l *line) Addr() net.Addr { return &net.TCPAddr{} }

func (l *line) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	l.calls <- far
	return near, nil
}

// lines dials one line for port 80 and another for port 443.
func lines(plain, secure *line) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasSuffix(address, ":80") {
			return plain.dial(ctx, network, address)
		}
		return secure.dial(ctx, network, address)
	}
}

// Inside a bubble a goroutine that outlives the test is an error by itself; one
// of the gateway's that outlives Close is looked for, while its server and its
// clients are still there.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	ca, upstreamCA := newCA(t), newCA(t)
	synctest.Test(t, func(t *testing.T) {
		toGateway, plain, secure := newLine(), newLine(), newLine()
		upstream := &http.Server{ErrorLog: silent(), Handler: http.HandlerFunc(hold)}
		go upstream.Serve(plain)
		go upstream.Serve(tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{*upstreamCA}}))

		egress := &http.Transport{DialContext: lines(plain, secure), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		g, err := gateway.New(gateway.Config{Client: &http.Client{Transport: egress}, CA: ca})
		if err != nil {
			t.Fatal(err)
		}
		front := &http.Server{Handler: g, ErrorLog: silent()}
		go front.Serve(toGateway)

		proxy := &url.URL{Scheme: "http", Host: "gateway.example"}
		portal := &http.Transport{DialContext: toGateway.dial, Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool(ca)}}
		streams := openStreams(t, portal)
		var stuck []net.Conn
		for _, text := range []string{
			"CONNECT wiki.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",                                                          // a tunnel nobody speaks in
			"GET http://mail.example/flood HTTP/1.1\r\nHost: x\r\n\r\n",                                                     // an answer nobody reads
			"POST http://mail.example/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{", // a body that does not come
		} {
			conn, _ := toGateway.dial(t.Context(), "", "") // never fails
			io.WriteString(conn, text)
			stuck = append(stuck, conn)
		}

		synctest.Wait()
		if stacks := stacksOf("gateway.(*"); !strings.Contains(stacks, "serveTunnel") {
			t.Error("nothing runs, so nothing is tested")
		}
		g.Close()
		synctest.Wait()
		if stacks := stacksOf("gateway.(*"); stacks != "" {
			t.Errorf("after Close:\n%s", stacks)
		}
		for _, body := range streams {
			if _, err := io.ReadAll(body); err == nil {
				t.Error("a stream ended as if it were complete")
			}
		}
		for _, conn := range stuck {
			conn.Close()
		}
		portal.CloseIdleConnections()
		front.Close()
		upstream.Close()
	})
}

// hold answers /answer, floods at /flood and keeps everything else open.
func hold(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, "data: one\n\n")
	w.(http.Flusher).Flush()
	for r.URL.Path == "/flood" && r.Context().Err() == nil {
		w.Write(make([]byte, 64<<10))
	}
	if r.URL.Path != "/answer" {
		<-r.Context().Done()
	}
}

// openStreams leaves streams open, in tunnels and in clear text, and a tunnel
// idle that has been used. It returns the bodies of the streams.
func openStreams(t *testing.T, portal *http.Transport) []io.Reader {
	t.Helper()
	var open []io.Reader
	for _, address := range []string{"https://wiki.example/answer", "https://wiki.example/stream", "https://tickets.example/stream", "http://mail.example/stream", "https://wiki.example/answer"} {
		res, err := portal.RoundTrip(request("GET", address, ""))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(address, "/answer") {
			io.Copy(io.Discard, res.Body)
			continue
		}
		if line, err := bufio.NewReader(res.Body).ReadString('\n'); line != "data: one\n" {
			t.Fatal(line, err)
		}
		open = append(open, res.Body)
	}
	return open
}

// stacksOf are the stacks of goroutines that run a method of that package's.
func stacksOf(frame string) string {
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	var found []string
	for stack := range strings.SplitSeq(string(all), "\n\n") {
		if strings.Contains(stack, "simulators/"+frame) {
			found = append(found, stack)
		}
	}
	return strings.Join(found, "\n\n")
}
