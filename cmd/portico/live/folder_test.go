package live_test

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/simulators/client"
)

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return err == nil && l.Close() == nil
}

// freeRange is the first of so many free ports in a row, below those that
// systems give away by themselves, and elsewhere in another process.
func freeRange(t *testing.T, count int) int {
	t.Helper()
	for first, run, port := 0, 0, 20_000+os.Getpid()*64%10_000; port < 32_000; port++ {
		if !free(port) {
			run = 0
			continue
		}
		if run == 0 {
			first = port
		}
		if run++; run == count {
			return first
		}
	}
	t.Fatal("this machine has no free ports in a row")
	return 0
}

func folder(t *testing.T, path string) *live.Folder {
	t.Helper()
	f, err := live.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A client that was connected before the town went down is connected after it,
// and nobody has to do anything about it.
func TestARestartKeepsTheWorld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "town")
	first := freeRange(t, 16)
	again := func(c *live.Config) { c.Folder, c.FirstPort = folder(t, path), first }
	call := func(town *live.Town, c *client.Client) seen {
		t.Helper()
		before := town.Network.Latest()
		s, err := c.Connect(within(t))
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Call(within(t), "mail_whoami", nil)
		if err != nil || r.IsError || r.Text() != "alice" {
			t.Fatalf("%v, %+v", err, r)
		}
		var all seen
		all.t = t
		for _, x := range town.Network.News(before, 0).Seen {
			if x.Sent > before {
				all.all = append(all.all, x.Exchange)
			}
		}
		return all
	}

	town := stand(t, again)
	c := guest(t, town, "alice", client.Stateless, nil)
	call(town, c)
	known := c.Credentials()
	town.Close()

	town = stand(t, again)
	c = guest(t, town, "alice", client.Stateless, &known)
	after := call(town, c)
	for _, terms := range []string{"path=/oauth/*", "to=mail-as", "to=idp", "status=401", "from=alice.browser"} {
		after.has(0, terms)
	}
	after.has(1, "from=portal to=mail method=tools/call status=200")
	if tools := town.Refused; len(tools) > 0 {
		t.Errorf("refused: %v", tools)
	}
	town.Close()

	if err := folder(t, path).Forget(); err != nil {
		t.Fatal(err)
	}
	town = stand(t, again)
	defer town.Close()
	if _, err := guest(t, town, "alice", client.Stateless, &known).Connect(within(t)); err == nil || !strings.Contains(err.Error(), "not registered") {
		t.Errorf("a client of before is told %v", err)
	}
	anew := call(town, guest(t, town, "alice", client.Stateless, nil))
	anew.has(1, "from=alice path=/mcp status=401")
	anew.has(1, "from=alice.browser to=access path=/oauth/authorize")
	if anew.signIns("idp") != 1 || anew.signIns("mail-as") != 1 {
		t.Errorf("alice did not sign in anew\n%s", anew)
	}
}

// documents are what a town with TLS keeps.
var documents = []string{
	"access.json", "idp.json", "mail-as.json", "credentials.json", "authority.pem", "gateway-authority.pem", "access-key.pem",
}

func TestWhatIsKeptIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "town")
	n := open(t, func(c *live.Config) { c.Folder, c.TLS = folder(t, path), true })
	n.well("mail_whoami")
	f := folder(t, path)
	if _, err := n.ShowAuthority(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Announce(live.Address{URL: "http://127.0.0.1:1", Token: n.Token}); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	err := filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", at, got, want)
		}
		if strings.HasPrefix(d.Name(), ".next-") {
			t.Errorf("%s was left behind", at)
		}
		found[d.Name()] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(documents, "ca.pem", "control.json", ".gitignore") {
		if !found[name] {
			t.Errorf("%s is not kept", name)
		}
	}
}

// What cannot be read is never overwritten: somebody else's trust hangs on it.
func TestADamagedDocumentIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "town")
	begin := func(c *live.Config) { c.Folder, c.TLS = folder(t, path), true }
	town := stand(t, begin)
	if _, err := town.CallTool(within(t), live.Call{As: "alice", Tool: "mail_whoami"}); err != nil {
		t.Fatal(err)
	}
	town.Close()
	for _, name := range documents {
		at := filepath.Join(path, "world", name)
		good, err := os.ReadFile(at)
		if err != nil {
			t.Fatal(err)
		}
		for how, damaged := range map[string]string{
			"half": string(good[:len(good)/2]), "garbage": "\x00garbage", "empty": "", "another": another(name),
		} {
			if err := os.WriteFile(at, []byte(damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			town, err := live.Open(t.Context(), config(t, begin))
			if err == nil {
				town.Close()
				t.Errorf("%s, %s: a town stands on it", name, how)
				continue
			}
			if text := err.Error(); !strings.Contains(text, at) || strings.Count(text, "\n") > 0 || !strings.Contains(text, "--fresh") {
				t.Errorf("%s, %s: %s", name, how, text)
			}
			if b, _ := os.ReadFile(at); string(b) != damaged {
				t.Errorf("%s, %s: it was overwritten", name, how)
			}
		}
		if err := os.WriteFile(at, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	town = stand(t, begin) // what is whole again stands again
	town.Close()
}

// another is a document that is well formed and not what is wanted.
func another(name string) string {
	if strings.HasSuffix(name, ".json") {
		return `{"version":999}`
	}
	return "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
}

func TestAFolderHoldsOneTown(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	n := open(t, func(c *live.Config) { c.Folder = folder(t, path) })
	f := folder(t, path) // nothing is announced yet
	if err := f.Announce(live.Address{URL: n.control.URL, Token: n.Token}); err != nil {
		t.Fatal(err)
	}
	_, err := live.OpenFolder(path)
	if !errors.Is(err, live.ErrInhabited) || !strings.Contains(err.Error(), n.control.URL) {
		t.Errorf("a second town moves in: %v", err)
	}
	if err := f.Announce(live.Address{URL: n.control.URL, Token: "another's"}); err != nil {
		t.Fatal(err)
	}
	folder(t, path) // whoever answers there is not the town that announced itself
	f.Depart()
	if _, err := live.ReadAddress(path); !errors.Is(err, live.ErrNoTown) {
		t.Errorf("a town that has departed is still known: %v", err)
	}
}

func TestAFolderOpensAfterACrash(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	gone := httptest.NewServer(http.NotFoundHandler())
	if err := folder(t, path).Announce(live.Address{URL: gone.URL, Token: "token"}); err != nil {
		t.Fatal(err)
	}
	gone.Close()
	folder(t, path)
	if err := os.WriteFile(filepath.Join(path, "control.json"), []byte(`{"url":`), 0o600); err != nil {
		t.Fatal(err)
	}
	folder(t, path)
	n := open(t, func(c *live.Config) { c.Folder = folder(t, path) })
	n.well("wiki_search")
}

func TestAFolderThatCannotBeMadeIsAnError(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := live.OpenFolder(filepath.Join(file, "town")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
}

// Ports that are taken are named, and nothing is left of the half that stood.
func TestAPortThatIsTakenIsNamed(t *testing.T) {
	if err := inprocess.Warm(); err != nil {
		t.Fatal(err)
	}
	first := freeRange(t, 16)
	taken, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+4)))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = live.Open(t.Context(), config(t, func(c *live.Config) { c.FirstPort = first }))
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(first+4)) {
		t.Errorf("%v", err)
	}
	for port := first; port < first+4; port++ {
		if !soon(func() bool { return free(port) }) {
			t.Errorf("port %d is still taken", port)
		}
	}
}
