package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/gateway"
)

const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"q":"badgers"}}}`

// The same request in clear text and through an intercepted tunnel.
func TestForwardsUnchanged(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		var got seen
		upstream := httptest.NewUnstartedServer(recording(&got))
		if scheme == "http" {
			upstream.Start()
		} else {
			upstream.StartTLS()
		}
		defer upstream.Close()
		n := build(t, trusted(upstream)...)

		r := request("PATCH", upstream.URL+"/a%2Fb//c?z=1;y=2&bad=%zz&&=", call, "Content-Type", "application/json",
			"X-Forwarded-For", "192.0.2.1", "Forwarded", "for=192.0.2.1", "Mcp-Param-Unknown", "kept", "Via", "1.1 elsewhere",
			"Proxy-Authorization", "Basic eDp5", "Connection", "X-Hop", "X-Hop", "gone", "Keep-Alive", "gone", "Upgrade", "websocket", "X-Two", "1", "X-Two", "2")
		r.Header["User-Agent"] = []string{""} // none
		status, header, body := n.do(t, r)

		host := upstream.Listener.Addr().String()
		expected := seen{target: "PATCH /a%2Fb//c?z=1;y=2&bad=%zz&&=", host: host, body: call, length: int64(len(call)), header: http.Header{
			"Content-Type": {"application/json"}, "Content-Length": {fmt.Sprint(len(call))}, "X-Forwarded-For": {"192.0.2.1"}, "Forwarded": {"for=192.0.2.1"},
			"Mcp-Param-Unknown": {"kept"}, "X-Two": {"1", "2"}, "Via": {"1.1 elsewhere", "1.1 gateway.example"}}}
		if diff := cmp.Diff(expected, got, cmp.AllowUnexported(seen{})); diff != "" {
			t.Errorf("%s: %s", scheme, diff)
		}
		if status != http.StatusTeapot || body != "<html>not sniffed</html>" {
			t.Errorf("%s: %d %q", scheme, status, body)
		}
		header.Del("Date")
		if diff := cmp.Diff(http.Header{"X-Answer": {"kept"}, "Content-Length": {"24"}, "Via": {"1.1 gateway.example"}}, header); diff != "" {
			t.Errorf("%s: %s", scheme, diff)
		}
		record := gateway.Record{Method: "PATCH", Host: host, URL: upstream.URL + "/a%2Fb//c?z=1;y=2&bad=%zz&&=", Status: http.StatusTeapot,
			BytesIn: int64(len(call)), BytesOut: 24, MCPMethod: "tools/call", Tool: "search", Action: gateway.Allow}
		if diff := cmp.Diff(record, n.last(t)); diff != "" {
			t.Errorf("%s: %s", scheme, diff)
		}
	}
}

func trusted(s *httptest.Server) []*httptest.Server {
	if s.TLS == nil {
		return nil
	}
	return []*httptest.Server{s}
}

func TestKeepsEncodingsAndRedirects(t *testing.T) {
	upstream := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Location", "https://elsewhere.example/")
		w.Header().Set("X-Got", fmt.Sprint(r.Header["Accept-Encoding"]))
		w.WriteHeader(http.StatusFound)
		io.WriteString(w, "not really gzip")
	}))
	defer upstream.Close()
	n := build(t, upstream)
	n.portal.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	status, header, body := n.do(t, request("GET", upstream.URL, ""))
	if status != http.StatusFound || header.Get("X-Got") != "[]" || header.Get("Content-Encoding") != "gzip" || body != "not really gzip" {
		t.Errorf("%d %v %q", status, header, body)
	}
}

// Each event arrives before the next one is written, comments and trailers
// included; when the client goes, the upstream is told.
func TestStreamsAndCancels(t *testing.T) {
	next, gone := make(chan string), make(chan struct{})
	upstream := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for event := range next {
			io.WriteString(w, event)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
		close(gone)
	}))
	defer upstream.Close()
	n := build(t, upstream)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := request("POST", upstream.URL, call, "Content-Type", "application/json").WithContext(ctx)
	go func() { next <- ": hello\n" }()
	res, err := n.portal.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i, event := range []string{": hello\n", "data: one\n", "data: two\n"} {
		if i > 0 {
			next <- event
		}
		if line, err := lines.ReadString('\n'); err != nil || line != event {
			t.Fatalf("got %q, %v; want %q", line, err, event)
		}
	}
	if r := n.last(t); r.Status != http.StatusOK || r.BytesOut != 28 {
		t.Errorf("while it streams: %+v", r)
	}
	close(next)
	cancel()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the upstream never heard that the client went away")
	}
}

// Whatever the type and length of an answer, its beginning does not wait for its end.
func TestNothingIsHeldBack(t *testing.T) {
	read := make(chan struct{})
	upstream := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		w.(http.Flusher).Flush()
		<-read
		io.WriteString(w, "ha")
		w.(http.Flusher).Flush()
		<-read
		io.WriteString(w, "lf")
	}))
	defer upstream.Close()
	n := build(t, upstream)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	res, err := n.portal.Do(request("GET", upstream.URL, "").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	read <- struct{}{}
	if _, err := io.ReadFull(res.Body, make([]byte, 2)); err != nil {
		t.Error(err)
	}
	close(read)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "lf" {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestUpgradesAreNotForwarded(t *testing.T) {
	var got seen
	upstream := httptest.NewTLSServer(recording(&got))
	defer upstream.Close()
	n := build(t, upstream)
	n.do(t, request("GET", upstream.URL, "", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-Websocket-Key", "kept"))
	if got.header.Get("Upgrade") != "" || got.header.Get("Connection") != "" || got.header.Get("Sec-Websocket-Key") != "kept" {
		t.Errorf("%v", got.header)
	}
}

func TestCancelBeforeAnyAnswer(t *testing.T) {
	arrived, gone := make(chan struct{}), make(chan struct{})
	upstream := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
		close(gone)
	}))
	defer upstream.Close()
	n := build(t, upstream)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	if _, err := n.portal.Do(request("POST", upstream.URL, call).WithContext(ctx)); err == nil {
		t.Fatal("an answer to a cancelled request")
	}
	<-gone
	n.gateway.Close() // waits for the request
	if r := n.last(t); r.Status != 0 || r.BytesOut != 0 || r.Error != "" {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(n.output.String(), `"status":0`) {
		t.Errorf("output %q", n.output.String())
	}
}

func TestTrailers(t *testing.T) {
	upstream := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		io.Copy(w, r.Body)
		w.Header().Set("X-Sum", r.Header.Get("Te")+" "+r.Trailer.Get("X-Asked"))
		w.Header().Set(http.TrailerPrefix+"X-Late", "too")
	}))
	defer upstream.Close()
	n := build(t, upstream)
	r := request("POST", upstream.URL, "body")
	r.Header.Set("Te", "trailers, deflate;q=0.5")
	r.ContentLength, r.Trailer = -1, http.Header{"X-Asked": {"42"}}
	res, err := n.portal.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	if diff := cmp.Diff(http.Header{"X-Sum": {"trailers 42"}, "X-Late": {"too"}}, res.Trailer); diff != "" {
		t.Error(diff)
	}
}

func TestUpstreamFailures(t *testing.T) {
	stranger := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("an untrusted upstream was asked") }))
	defer stranger.Close()
	stranger.Config.ErrorLog = silent()
	dead := httptest.NewServer(nil)
	dead.Close()
	mute := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		io.WriteString(conn, "my token is hunter2\r\n\r\n")
		conn.Close()
	}))
	defer mute.Close()
	n := build(t)
	for name, c := range map[string]struct{ address, problem string }{
		"untrusted": {stranger.URL, "certificate signed by unknown authority"},
		"dead":      {dead.URL, "connection refused"},
		"not HTTP":  {mute.URL, "did not carry HTTP"},
	} {
		status, header, body := n.do(t, request("POST", c.address, call))
		host := strings.SplitAfter(c.address, "//")[1]
		if status != http.StatusBadGateway || !strings.Contains(body, host) || !strings.Contains(body, c.problem) {
			t.Errorf("%s: %d %q", name, status, body)
		}
		if got := header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
			t.Errorf("%s: %s", name, got)
		}
		if r := n.last(t); r.Status != http.StatusBadGateway || r.Host != host || !strings.Contains(r.Error, c.problem) || r.BytesOut != int64(len(body)) {
			t.Errorf("%s: %+v", name, r)
		}
		if strings.Contains(body+n.output.String(), "hunter2") {
			t.Errorf("%s: repeats what the upstream sent", name)
		}
	}
}

func TestAnswerThatBreaksOff(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer upstream.Close()
	n := build(t)
	res, err := n.portal.Get(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("a whole answer: %q", body)
	}
	if r := n.last(t); r.Status != http.StatusOK || r.BytesOut != 4 || r.Error != "the answer broke off" {
		t.Errorf("%+v", r)
	}
}

func TestOutputIsJSONLines(t *testing.T) {
	upstream := httptest.NewServer(recording(new(seen)))
	defer upstream.Close()
	n := build(t)
	n.do(t, request("POST", upstream.URL+"/1", call, "Content-Type", "application/json"))
	n.do(t, request("GET", upstream.URL+"/2", ""))
	n.gateway.Close()
	var written []gateway.Record
	for line := range strings.Lines(n.output.String()) {
		var r gateway.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		written = append(written, r)
	}
	log := n.gateway.Log()
	for i := range log {
		log[i].Time = log[i].Time.Round(0) // JSON has no monotonic clock
	}
	if diff := cmp.Diff(log, written); diff != "" {
		t.Error(diff)
	}
	log[0].Host = "changed"
	if n.gateway.Log()[0].Host == "changed" {
		t.Error("Log hands out its own records")
	}
}

func TestCertificates(t *testing.T) {
	n := build(t)
	serial := func(authority, name string) string {
		conn, err := net.Dial("tcp", n.proxy.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", authority, authority)
		if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		c := tls.Client(conn, &tls.Config{ServerName: name, RootCAs: pool(n.ca)})
		if err := c.Handshake(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	wiki := serial("wiki.example:443", "wiki.example")
	if again := serial("wiki.example:443", "WIKI.example"); again != wiki {
		t.Error("a second certificate for the same name")
	}
	if tickets := serial("tickets.example:443", "tickets.example"); tickets == wiki {
		t.Error("one certificate for two names")
	}
	serial("192.0.2.1:443", "192.0.2.1") // no name in the handshake: the tunnel's host
	if log := n.gateway.Log(); len(log) != 0 {
		t.Errorf("tunnels without a request are logged: %+v", log)
	}
}

// Some clients open a tunnel for plain http as well.
func TestPlainHTTPInATunnel(t *testing.T) {
	var got seen
	upstream := httptest.NewServer(recording(&got))
	defer upstream.Close()
	n := build(t)
	conn, err := net.Dial("tcp", n.proxy.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	host := upstream.Listener.Addr().String()
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\nGET /in HTTP/1.1\r\nHost: %s\r\n\r\n", host, host, host)
	answers := bufio.NewReader(conn)
	for _, status := range []int{http.StatusOK, http.StatusTeapot} {
		res, err := http.ReadResponse(answers, nil)
		if err != nil || res.StatusCode != status {
			t.Fatal(res, err)
		}
	}
	if got.target != "GET /in" || n.last(t).URL != "http://"+host+"/in" {
		t.Errorf("%q, %+v", got.target, n.last(t))
	}
}
