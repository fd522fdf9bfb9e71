package upstream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/upstream"
)

// TestRestart: sessions are gone, and whatever was under way ends without an
// end: the connection breaks. After that the server serves as before.
func TestRestart(t *testing.T) {
	s, base := start(t, upstream.Config{Tools: tools()})
	session := open(t, base, nil)
	response := stream(t, base, session)
	s.Restart()
	if b, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) || len(b) > 0 {
		t.Errorf("stream: %q, %v", b, err)
	}
	if a := post(t, base, session, ping); a.status != http.StatusNotFound {
		t.Errorf("session of before: %d %s", a.status, a.body)
	}
	again := open(t, base, nil)
	if a := post(t, base, again, callBody("2", "whoami", `{}`, "")); said(t, a) != "nobody" {
		t.Errorf("after: %d %s", a.status, a.body)
	}
	if n := len(s.Tools()); n != len(tools()) {
		t.Errorf("%d tools are left", n)
	}
}

// TestRestartCutsAnswers: a call under way gets no answer, in both revisions,
// and nothing of it stays behind.
func TestRestartCutsAnswers(t *testing.T) {
	for _, revision := range []string{stateless, stateful} {
		t.Run(revision, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := upstream.New(upstream.Config{Name: "wiki", Tools: tools()})
				if err != nil {
					t.Fatal(err)
				}
				over, stop := inMemory(s)
				t.Cleanup(stop)
				began, ended := time.Now(), make(chan error, 1)
				call := func() error { return cut(t, over) }
				if revision == stateful {
					wiki := connect(t, "http://wiki.example", stateful, over)
					call = func() error {
						_, err := wiki.CallTool(context.Background(), slowCall())
						return err
					}
				}
				go func() { ended <- call() }()
				time.Sleep(time.Minute)
				s.Restart()
				if err := <-ended; err == nil || strings.Contains(err.Error(), "wait") || time.Since(began) != time.Minute {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
				_ = s.Close()
			})
		})
	}
}

// TestRestartAfterClose: what is closed stays closed.
func TestRestartAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := upstream.New(upstream.Config{Tools: tools()})
		if err != nil {
			t.Fatal(err)
		}
		over, stop := inMemory(s)
		defer stop()
		_ = s.Close()
		s.Restart()
		if err := cut(t, over); err == nil {
			t.Error("answered")
		}
	})
}

func names(s *upstream.Server) (all []string) {
	for _, each := range s.Tools() {
		all = append(all, each.Name)
	}
	return all
}

func TestRenameTool(t *testing.T) {
	s, base := start(t, upstream.Config{Tools: tools()[:3]})
	session := open(t, base, nil)
	response := stream(t, base, session)
	for old, to := range map[string]string{"nothing": "something", "search": "echo", "echo": "echo", "whoami": ""} {
		if err := s.RenameTool(old, to); !errors.Is(err, upstream.ErrConfig) {
			t.Errorf("%q to %q: %v", old, to, err)
		}
	}
	if diff := cmp.Diff([]string{"search", "echo", "whoami"}, names(s)); diff != "" {
		t.Errorf("refused, and yet: %s", diff)
	}
	if err := s.RenameTool("search", "find"); err != nil {
		t.Fatal(err)
	}
	if heard := data(t, response); !strings.Contains(heard, "notifications/tools/list_changed") {
		t.Errorf("stream says %q", heard)
	}
	if diff := cmp.Diff([]string{"find", "echo", "whoami"}, names(s)); diff != "" {
		t.Error(diff)
	}
	if a := post(t, base, session, callBody("2", "find", `{"query":"badgers"}`, "")); said(t, a) != "3 pages about badgers" {
		t.Errorf("find: %s", a.body)
	}
	if a := post(t, base, session, callBody("3", "search", `{"query":"badgers"}`, "")); a.rpc(t).Error == nil {
		t.Errorf("search: %s", a.body)
	}
}

// TestToolsAreACopy: what a caller does to the list does nothing to the server.
func TestToolsAreACopy(t *testing.T) {
	given := tools()[:2]
	s, _ := start(t, upstream.Config{Tools: given})
	given[0].Name = "x"
	s.Tools()[1].Name = "y"
	if diff := cmp.Diff([]string{"search", "echo"}, names(s)); diff != "" {
		t.Error(diff)
	}
}
