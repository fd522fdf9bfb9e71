package gateway_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-mcp/portico/simulators/gateway"
)

// town is a portal's HTTP client, the gateway it goes through, and the log.
type town struct {
	portal  *http.Client
	gateway *gateway.Gateway
	proxy   *url.URL
	output  *buffer
	ca      *tls.Certificate
}

// buffer is a log file.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// build starts a gateway on loopback whose egress trusts the given upstreams.
func build(t *testing.T, trusted ...*httptest.Server) *town {
	t.Helper()
	ca, output := newCA(t), &buffer{}
	roots := x509.NewCertPool()
	for _, s := range trusted {
		roots.AddCert(s.Certificate())
	}
	egress := &http.Transport{DisableCompression: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
	g, err := gateway.New(gateway.Config{Client: &http.Client{Transport: egress}, CA: ca, Output: output})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	proxy, _ := url.Parse(server.URL)
	portal := &http.Transport{DisableCompression: true, Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool(ca)}}
	t.Cleanup(func() {
		portal.CloseIdleConnections()
		g.Close()
		server.Close()
	})
	return &town{portal: &http.Client{Transport: portal}, gateway: g, proxy: proxy, output: output, ca: ca}
}

func newCA(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "gateway CA"},
		NotBefore:             time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), // a bubble's clock starts in 2000
		NotAfter:              time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func pool(ca *tls.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(ca.Leaf)
	return p
}

// seen is what an upstream got and what came back.
type seen struct {
	target string
	host   string
	header http.Header
	body   string
	length int64
}

// recording is an upstream that remembers the last request.
func recording(last *seen) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*last = seen{target: r.Method + " " + r.RequestURI, host: r.Host, header: r.Header, body: string(body), length: r.ContentLength}
		w.Header()["Content-Type"] = nil
		w.Header().Set("X-Answer", "kept")
		w.Header().Set("Keep-Alive", "timeout=5")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "<html>not sniffed</html>")
	})
}

func (n *town) do(t *testing.T, r *http.Request) (int, http.Header, string) {
	t.Helper()
	res, err := n.portal.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

func request(method, address, body string, header ...string) *http.Request {
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// last is the newest record, as far as it can be compared.
func (n *town) last(t *testing.T) gateway.Record {
	t.Helper()
	log := n.gateway.Log()
	if len(log) == 0 {
		t.Fatal("the log is empty")
	}
	r := log[len(log)-1]
	if r.ID == "" || time.Since(r.Time) > time.Minute || !strings.HasPrefix(r.Source, "127.0.0.1:") {
		t.Errorf("record %+v", r)
	}
	r.ID, r.Time, r.Source = "", time.Time{}, ""
	return r
}
