package credential_test

import (
	"strings"
	"testing"
)

// UA-11.
func TestScopeSelection(t *testing.T) {
	prm := strings.Replace(resourceOf(mailURL, asURL), "{", `{"scopes_supported":["list.a","list.b"],`, 1)
	offline := map[string]any{"scopes_supported": []string{"offline_access"}}
	cases := map[string]struct {
		challenge  string
		configured []string
		prm        string
		change     map[string]any
		want       string
	}{
		"the challenge":                       {`, scope="c.a c.b c.a"`, []string{"conf"}, prm, nil, "c.a c.b"},
		"the configuration":                   {"", []string{"conf", "x"}, prm, offline, "conf x"},
		"the metadata":                        {"", nil, prm, nil, "list.a list.b"},
		"nothing":                             {"", nil, "", nil, ""},
		"offline_access where offered":        {`, scope="c.a"`, nil, "", offline, "c.a offline_access"},
		"no offline_access on its own":        {"", nil, "", offline, ""},
		"what is no scope token is not asked": {`, scope="ok \\ b\"ad"`, nil, "", nil, "ok"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			s.mail.challenge += c.challenge
			s.server.Scopes = c.configured
			if c.prm != "" {
				s.mail.documents[prmPath+"/mcp"] = c.prm
			}
			if c.change != nil {
				s.as.change = c.change
			}
			q := queryOf(t, s.begin(t, alice))
			if q.Get("scope") != c.want || q.Has("scope") != (c.want != "") {
				t.Errorf("scope %q, want %q", q["scope"], c.want)
			}
		})
	}
}

// UA-11: step-up asks for the union, once.
func TestStepUp(t *testing.T) {
	s := newSetting(t)
	s.mail.challenge += `, scope="mail.read"`
	s.consent(t, alice)
	insufficient := `Bearer error="insufficient_scope", scope="mail.send", resource_metadata="https://evil.example/"`
	challenged := func(text string) {
		t.Helper()
		if err := s.vault.Challenged(t.Context(), alice, "mail", text); err != nil {
			t.Fatal(err)
		}
	}
	challenged(`Bearer error="invalid_token", scope="mail.send"`)
	challenged(`Bearer error="insufficient_scope", scope="mail.read"`)
	if !s.vault.Connected(alice, "mail") {
		t.Error("a challenge that asks for nothing new disconnects")
	}
	challenged(insufficient)
	if s.vault.Connected(alice, "mail") {
		t.Error("nothing asks the person to widen the grant")
	}
	s.token(t, alice) // other tools go on working
	where := s.begin(t, alice)
	if got := queryOf(t, where).Get("scope"); got != "mail.read mail.send" {
		t.Errorf("scope %q, want the union", got)
	}
	if _, err := s.vault.Finish(t.Context(), alice, s.as.approve(t, where, "alice")); err != nil {
		t.Fatal(err)
	}
	challenged(insufficient)
	if !s.vault.Connected(alice, "mail") {
		t.Error("the same challenge asks again: a loop of consents")
	}
}
