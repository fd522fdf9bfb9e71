package portal_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/reference/portal"
)

// Operators are told what was asked and how it went, and nothing that a client
// or a server would not want them to read.
func TestTheLogKeepsSecrets(t *testing.T) {
	n, written := newTown(), &bytes.Buffer{}
	n.serve("vendor.example", &peer{tools: tools("look"), refuses: func(a string) bool { return a != "Bearer v-secret" }})
	s := server("vendor")
	s.Auth, s.Bearer = portal.Bearer, "v-secret"
	synced(t, n, func(c *portal.Config) { c.Logger = slog.New(slog.NewJSONHandler(written, nil)) }, s)
	c := connect(t, n, "alice", stateful)
	c.call("vendor_look", `{"password":"hunter2"}`)
	c.call("vendor_none", `{"password":"hunter2"}`)
	n.serve("vendor.example", &peer{refuses: func(string) bool { return true }})
	c.call("vendor_look", `{"password":"hunter2"}`)
	log := written.String()
	for _, want := range []string{`"method":"initialize"`, `"outcome":"ok","server":"vendor","name":"look"`, `"outcome":"error"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %s", want)
		}
	}
	for _, secret := range []string{"hunter2", "v-secret", c.session, `"alice"`} {
		if strings.Contains(log, secret) {
			t.Errorf("the log says %s: %s", secret, log)
		}
	}
}

// A body's length is not always announced, and what is announced does not
// always come.
func TestABodyIsMeasuredAsItComes(t *testing.T) {
	for _, c := range []struct {
		name         string
		body         io.Reader
		length       int64
		status, code int
	}{
		{"too large", strings.NewReader(`{"jsonrpc":"2.0","id":7,"method":"` + strings.Repeat("x", 100) + `"}`), -1, 413, -32600},
		{"cut off", io.MultiReader(strings.NewReader(`{"jsonrpc"`), broken{}), 90, 400, -32700},
	} {
		n := newTown()
		p := standUp(t, n, func(c *portal.Config) { c.MaxBody = 100 }, server("wiki"))
		r := httptest.NewRequest(http.MethodPost, "/mcp", c.body)
		r.ContentLength = c.length
		r.Header = http.Header{"Content-Type": {"application/json"}, "Cf-Access-Jwt-Assertion": {"alice"}}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if got := (reply{status: w.Code, body: w.Body.String()}); got.status != c.status || codeOf(got) != c.code {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
		}
	}
}

// broken is a body whose sender is gone.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
