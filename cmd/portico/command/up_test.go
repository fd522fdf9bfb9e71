package command_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/cmd/portico/command"
	"github.com/portico-mcp/portico/scenarios/target/process"
)

// up runs `portico up` until the test says so, and gives what it printed first.
func up(t *testing.T, args ...string) (first string, end func() (code int, rest string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan int, 1)
	go func() {
		code := command.Main(ctx, append([]string{"up", "--port", "0"}, args...), w, io.Discard)
		_ = w.Close()
		done <- code
	}()
	out := bufio.NewReader(r)
	first, err := out.ReadString('\n')
	if err != nil {
		t.Fatalf("up %v said %q and ended: %v", args, first, err)
	}
	return first, func() (int, string) {
		var rest bytes.Buffer
		copied := make(chan struct{})
		go func() { _, _ = io.Copy(&rest, out); close(copied) }()
		cancel()
		<-copied
		return <-done, rest.String()
	}
}

// The ports lie below those that the system hands out: one of these would be
// somebody else's as soon as it is free.
func TestUpLeavesNothingListening(t *testing.T) {
	line, end := up(t, "--json", "--port", "21700", "--control-port", "21699", "--state", t.TempDir())
	var ready process.Ready
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(ready.Endpoint, "application/json", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized || !strings.Contains(res.Header.Get("WWW-Authenticate"), "resource_metadata") {
		t.Errorf("the endpoint answers %d, %v", res.StatusCode, res.Header)
	}

	if code, _ := end(); code != 0 {
		t.Errorf("ended with %d", code)
	}

	origins := append([]string{ready.Control.URL}, values(ready.Origins)...)
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := net.Dial("tcp", u.Host); err == nil {
			_ = c.Close()
			t.Errorf("%s still listens", origin)
		}
	}
}

func values[K comparable, V any](m map[K]V) (all []V) {
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

func TestTheControlPortWantsItsToken(t *testing.T) {
	line, end := up(t, "--json")
	defer end()
	var ready process.Ready
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]int{"": 401, "wrong": 401, ready.Control.Token: 200} {
		req, _ := http.NewRequest(http.MethodGet, ready.Control.URL+"/trace", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("token %q: %d, want %d", token, res.StatusCode, want)
		}
	}
}

func TestUpSaysWhatAPersonNeeds(t *testing.T) {
	first, end := up(t, "--world", "namesakes")
	code, rest := end()
	all := first + rest
	for _, want := range []string{"MCP endpoint", "alice@town.example", "alice-likes-badgers", "a_b", "underscore", "/open?token=", "Ctrl-C"} {
		if !strings.Contains(all, want) {
			t.Errorf("does not say %q:\n%s", want, all)
		}
	}
	if code != 0 {
		t.Errorf("ended with %d", code)
	}
}
