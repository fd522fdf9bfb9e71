package portal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

func TestAServerThatIsNotTaken(t *testing.T) {
	change := func(f func(*portal.Server)) portal.Server {
		s := server("wiki")
		f(&s)
		return s
	}
	for name, c := range map[string]struct {
		server portal.Server
		says   string
	}{
		"underscore":      {server("a_b"), "underscore"},
		"portal":          {server("portal"), "reserved"},
		"empty":           {server(""), "1 to 32"},
		"capital":         {server("Wiki"), "1 to 32"},
		"double hyphen":   {server("a--b"), "1 to 32"},
		"hyphen first":    {server("-a"), "1 to 32"},
		"dot":             {server("a.b"), "1 to 32"},
		"33 letters":      {server(strings.Repeat("x", 33)), "1 to 32"},
		"plain http":      {change(func(s *portal.Server) { s.URL = "http://wiki.example/mcp" }), "not https"},
		"almost loopback": {change(func(s *portal.Server) { s.URL = "http://127.0.0.1.evil.example/mcp" }), "not https"},
		"no host":         {change(func(s *portal.Server) { s.URL = "/mcp" }), "not absolute"},
		"a password":      {change(func(s *portal.Server) { s.URL = "https://u:p@wiki.example/mcp" }), "user information"},
		"a fragment":      {change(func(s *portal.Server) { s.URL = "https://wiki.example/mcp#x" }), "fragment"},
		"unknown auth":    {change(func(s *portal.Server) { s.Auth = "magic" }), "magic"},
		"no bearer":       {change(func(s *portal.Server) { s.Auth = portal.Bearer }), "static credential"},
		"broken bearer":   {change(func(s *portal.Server) { s.Auth, s.Bearer = portal.Bearer, `{"headers":` }), "static credential"},
		"on behalf":       {change(func(s *portal.Server) { s.OnBehalf = true }), "on behalf"},
		"manual":          {change(func(s *portal.Server) { s.Auth, s.Manual = portal.OAuth, &credential.Registration{} }), "made by hand"},
		"revision":        {change(func(s *portal.Server) { s.Revision = "1999-01-01" }), "cannot be pinned"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.server.Validate()
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v", err)
			}
			if _, err := portal.New(portal.Config{Servers: []portal.Server{c.server}}); err == nil {
				t.Error("New takes it")
			}
		})
	}
}

func TestAServerThatIsTaken(t *testing.T) {
	for _, s := range []portal.Server{
		server("a"), server("my-server-2"), server(strings.Repeat("x", 32)),
		{ID: "loop", URL: "http://127.0.0.1:8080/mcp"}, {ID: "six", URL: "http://[::1]/mcp"}, {ID: "local", URL: "http://localhost/mcp"},
		{ID: "b", URL: "https://b.example/mcp", Auth: portal.Bearer, Bearer: "t"},
		{ID: "o", URL: "https://o.example/mcp", Auth: portal.OAuth, OnBehalf: true, Manual: &credential.Registration{}},
	} {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestAConfigurationThatIsNotTaken(t *testing.T) {
	routed := server("wiki")
	routed.Gateway = true
	for says, c := range map[string]portal.Config{
		"occurs twice":      {Servers: []portal.Server{server("wiki"), server("wiki")}},
		"there is none":     {Servers: []portal.Server{routed}},
		"through the gatew": {Servers: []portal.Server{server("wiki")}, RouteAll: true},
	} {
		if _, err := portal.New(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one about %q", err, says)
		}
	}
}

func TestNoErrorAndNoPrintShowsASecret(t *testing.T) {
	s := server("wiki")
	s.Auth, s.Bearer = portal.Bearer, `{"headers":{"X":"canary`
	if text := fmt.Sprintf("%v %+v %#v %v", s, s, s, s.Validate()); strings.Contains(text, "canary") {
		t.Error(text)
	}
}
