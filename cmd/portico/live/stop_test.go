package live_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/simulators/network"
)

const module = "github.com/portico-mcp/portico/"

// ours are the goroutines of towns: those in whose stack code of ours stands
// that is no test's.
func ours() (all []string) {
	b := make([]byte, 8<<20)
	for stack := range strings.SplitSeq(string(b[:runtime.Stack(b, true)]), "\n\n") {
		for line := range strings.SplitSeq(stack, "\n") {
			function := strings.TrimPrefix(line, "created by ")
			if strings.HasPrefix(function, module) && !strings.HasPrefix(function, module+"cmd/portico/live_test.") {
				all = append(all, stack)
				break
			}
		}
	}
	return all
}

// A town goes at once, whatever is under way: calls that a server holds, a
// stream, a reader of the journal, a page that is open.
func TestClosingTakesEverythingDown(t *testing.T) {
	before := ours()
	path := filepath.Join(t.TempDir(), "town")
	town := stand(t, func(c *live.Config) { c.Folder = folder(t, path) })
	control := httptest.NewServer(live.Handler(town, live.Ready{}))
	// The portal asks once which revision wiki speaks; calls wait for that.
	if c, err := town.CallTool(within(t), live.Call{As: "alice", Tool: "wiki_whoami"}); err != nil || c.Error != "" {
		t.Fatal(err, c.Error)
	}
	token, err := town.AccessToken(within(t), "alice")
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	var under sync.WaitGroup
	under.Go(func() { town.Follow(ctx, 0, func(network.News) bool { return true }) })
	stream(t, listening(t, town), &under)
	stream(t, watching(t, control.URL, town.Token), &under)
	if _, err := town.Do(within(t), "hang", live.Order{Args: []string{"wiki"}}); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	for i := range 20 {
		under.Go(func() {
			if said, err := post(ctx, transport, town.Endpoint, token, i, "whoami"); err == nil && !strings.Contains(said, "error") {
				t.Errorf("a call that wiki held was answered: %s", said)
			}
		})
	}
	hanging, err := live.ParseMatch("to=wiki method=tools/call status=0")
	if err != nil {
		t.Fatal(err)
	}
	if !soon(func() bool { return count(town, hanging) == 20 }) {
		t.Fatalf("%d calls have come to wiki", count(town, hanging))
	}

	if len(ours()) <= len(before) {
		t.Error("this test does not see the town's goroutines")
	}

	began := time.Now()
	town.Close()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	cancel()
	control.CloseClientConnections()
	control.Close()
	under.Wait()
	transport.CloseIdleConnections()

	for party, origin := range town.Origins {
		u, err := url.Parse(origin)
		if err != nil {
			t.Fatal(err)
		}
		if !soon(func() bool { return shut(u.Host) }) {
			t.Errorf("%s still listens at %s", party, u.Host)
		}
	}
	if !soon(func() bool { return len(ours()) <= len(before) }) {
		t.Errorf("left are\n%s", strings.Join(ours(), "\n\n"))
	}
	nextDocuments, err := filepath.Glob(filepath.Join(path, "*", ".next-*"))
	if err != nil || len(nextDocuments) > 0 {
		t.Errorf("half a document was left: %v, %v", nextDocuments, err)
	}
	town.Close() // twice is once
}

// The certificate that clients are pointed at goes with a town that has no
// folder for it.
func TestTheShownCertificateGoesWithTheTown(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	town := stand(t, func(c *live.Config) { c.TLS = true })
	path, err := town.ShowAuthority(nil)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := os.ReadFile(path)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(shown) || strings.Contains(string(shown), "PRIVATE") {
		t.Fatalf("shown is %q, %v", shown, err)
	}
	trusting := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer trusting.CloseIdleConnections()
	res, err := (&http.Client{Transport: trusting}).Get(town.Origins["access"] + "/.well-known/oauth-protected-resource/mcp")
	if err != nil {
		t.Fatalf("who trusts it is not let in: %v", err)
	}
	_ = res.Body.Close()
	town.Close()
	nothingIn(t, temporary)
}

// stream asks for something that is told of for as long as both ends stay, and
// leaves it open.
func stream(t *testing.T, req *http.Request, under *sync.WaitGroup) {
	t.Helper()
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("no stream: %v, %v", res, err)
	}
	under.Go(func() {
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
	})
}

// listening asks wiki itself to tell when its tools change (MCP 2026-07-28
// Subscriptions).
func listening(t *testing.T, town *live.Town) *http.Request {
	t.Helper()
	const body = `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},` +
		`"io.modelcontextprotocol/clientInfo":{"name":"press","version":"1"}}}}`
	req, err := http.NewRequest(http.MethodPost, town.Origins["wiki"]+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"subscriptions/listen"},
	}
	return req
}

// watching opens the stream of the town's page.
func watching(t *testing.T, control, token string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, control+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return req
}

// count is how many exchanges are as wanted so far.
func count(town *live.Town, m live.Match) (n int) {
	for _, s := range town.Network.News(0, 0).Seen {
		if all, _ := m.Holds(s.Exchange); all {
			n++
		}
	}
	return n
}

func shut(host string) bool {
	c, err := net.Dial("tcp", host)
	if err != nil {
		return true
	}
	_ = c.Close()
	return false
}

func nothingIn(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s was left behind", e.Name())
	}
}
