package credential_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

func TestConsentGivesAToken(t *testing.T) {
	s := newSetting(t)
	if s.vault.Connected(alice, "mail") {
		t.Error("connected before consent")
	}
	where := s.begin(t, alice)
	if !strings.HasPrefix(where, asURL+"/authorize?") {
		t.Errorf("authorization URL %s", where)
	}
	done, err := s.vault.Finish(t.Context(), alice, s.as.approve(t, where, "alice"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(credential.Finished{Server: "mail", ReturnTo: "/servers"}, done); diff != "" {
		t.Error(diff)
	}
	if got := s.as.subject(string(s.token(t, alice))); got != "alice" || !s.vault.Connected(alice, "mail") {
		t.Errorf("the token is of %q", got)
	}
	// UA-13, CR-06, M-02, M-03: nobody else's, not even the administrator's, and not elsewhere.
	for _, k := range []credential.Key{{Owner: bob, Server: "mail"}, {Owner: credential.Admin, Server: "mail"}, {Owner: alice, Server: "wiki"}, {Owner: credential.Person("admin"), Server: "mail"}} {
		if token, err := s.vault.Token(t.Context(), k.Owner, k.Server); token != "" || !errors.Is(err, credential.ErrConsentRequired) {
			t.Errorf("%v: got %q, %v, want ErrConsentRequired", k, string(token), err)
		}
	}
}

func TestAuthorizationRequest(t *testing.T) {
	s := newSetting(t)
	s.as.change["authorization_endpoint"] = asURL + "/authorize?tenant=1"
	person, admin := queryOf(t, s.begin(t, alice)), queryOf(t, s.begin(t, credential.Admin))
	if person.Get("state") == admin.Get("state") || person.Get("code_challenge") == admin.Get("code_challenge") {
		t.Error("state or code challenge used twice")
	}
	if len(person.Get("state")) < 43 {
		t.Errorf("state of %d characters has less than 256 bits", len(person.Get("state")))
	}
	for _, q := range []url.Values{person, admin} {
		for _, name := range []string{"state", "code_challenge", "client_id"} {
			q.Del(name)
		}
	}
	want := func(redirect string) url.Values {
		return url.Values{"response_type": {"code"}, "redirect_uri": {redirect}, "code_challenge_method": {"S256"}, "resource": {mailURL}, "tenant": {"1"}}
	}
	if diff := cmp.Diff([]url.Values{want(callback), want(adminURI)}, []url.Values{person, admin}); diff != "" {
		t.Error(diff)
	}
}

// UA-06: the resource as published, here by a root document about the origin.
func TestResourceAsPublished(t *testing.T) {
	s := newSetting(t)
	s.mail.challenge = ""
	s.mail.documents = map[string]string{prmPath: resourceOf("https://mail.example", asURL)}
	s.as.resource = "https://mail.example"
	s.consent(t, alice)
	s.token(t, alice)
}

// UA-15, UO-16, F-04, F-05, F-06.
func TestFinishRefusesStates(t *testing.T) {
	type query = url.Values
	cases := map[string]func(t *testing.T, s *setting, q query) (credential.Owner, query){
		"missing": func(_ *testing.T, _ *setting, q query) (credential.Owner, query) { q.Del("state"); return alice, q },
		"unknown": func(_ *testing.T, _ *setting, q query) (credential.Owner, query) {
			q.Set("state", "x")
			return alice, q
		},
		"repeated": func(_ *testing.T, _ *setting, q query) (credential.Owner, query) {
			q.Add("state", q.Get("state"))
			return alice, q
		},
		"of another person": func(_ *testing.T, _ *setting, q query) (credential.Owner, query) { return bob, q },
		"of the administrator's flow": func(_ *testing.T, _ *setting, q query) (credential.Owner, query) {
			return credential.Admin, q
		},
		"older than ten minutes": func(_ *testing.T, _ *setting, q query) (credential.Owner, query) {
			time.Sleep(10 * time.Minute)
			return alice, q
		},
		"used before": func(t *testing.T, s *setting, q query) (credential.Owner, query) {
			if _, err := s.vault.Finish(t.Context(), alice, q); err != nil {
				t.Fatal(err)
			}
			s.as.tokenForms = nil
			return alice, q
		},
		"shown by another person first": func(t *testing.T, s *setting, q query) (credential.Owner, query) {
			if _, err := s.vault.Finish(t.Context(), bob, q); err == nil {
				t.Fatal("accepted from another person")
			}
			return alice, q
		},
	}
	for name, arrange := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSetting(t)
				owner, q := arrange(t, s, s.as.approve(t, s.begin(t, alice), "alice"))
				if _, err := s.vault.Finish(t.Context(), owner, q); !errors.Is(err, credential.ErrState) {
					t.Errorf("got %v, want ErrState", err)
				}
				if len(s.as.tokenForms) != 0 || s.vault.Connected(bob, "mail") || s.vault.Connected(credential.Admin, "mail") {
					t.Error("the code was used all the same")
				}
			})
		})
	}
}

func TestStateLivesTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetting(t)
		q := s.as.approve(t, s.begin(t, alice), "alice")
		time.Sleep(10*time.Minute - time.Second)
		if _, err := s.vault.Finish(t.Context(), alice, q); err != nil {
			t.Error(err)
		}
	})
}

// One person cannot fill the portal with flows: the oldest gives way.
func TestOpenFlowsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSetting(t)
		first, bobs := s.begin(t, alice), s.begin(t, bob)
		var last string
		for range 128 {
			time.Sleep(time.Second)
			last = s.begin(t, alice)
		}
		if _, err := s.vault.Finish(t.Context(), alice, s.as.approve(t, first, "alice")); !errors.Is(err, credential.ErrState) {
			t.Errorf("the oldest of 129 flows: got %v, want ErrState", err)
		}
		for owner, where := range map[credential.Owner]string{alice: last, bob: bobs} {
			if _, err := s.vault.Finish(t.Context(), owner, s.as.approve(t, where, "x")); err != nil {
				t.Errorf("%s: %v", owner, err)
			}
		}
	})
}

// UA-07, F-07: the iss table, for codes and for errors.
func TestIssuerOfTheResponse(t *testing.T) {
	cases := map[string]struct {
		advertised bool
		iss        string // "-": absent
		ok         bool
	}{
		"advertised, equal":            {true, asURL, true},
		"advertised, absent":           {true, "-", false},
		"advertised, empty":            {true, "", false},
		"advertised, another":          {true, "https://evil.example", false},
		"advertised, with a slash":     {true, asURL + "/", false},
		"advertised, in capitals":      {true, "https://MAIL-AS.example", false},
		"advertised, with the port":    {true, asURL + ":443", false},
		"advertised, percent-encoded":  {true, "https://mail%2Das.example", false},
		"not advertised, equal":        {false, asURL, true},
		"not advertised, absent":       {false, "-", true},
		"not advertised, another":      {false, "https://evil.example", false},
		"not advertised, with a slash": {false, asURL + "/", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			s.as.change["authorization_response_iss_parameter_supported"] = c.advertised
			q := s.as.approve(t, s.begin(t, alice), "alice")
			failed := url.Values{"state": {queryOf(t, s.begin(t, alice)).Get("state")}, "error": {"access_denied"}, "error_description": {"evil words"}}
			for _, v := range []url.Values{q, failed} {
				if v.Set("iss", c.iss); c.iss == "-" {
					v.Del("iss")
				}
			}
			_, err := s.vault.Finish(t.Context(), alice, failed)
			if errors.Is(err, credential.ErrIssuer) == c.ok || strings.Contains(err.Error(), "evil words") != c.ok {
				t.Errorf("error response: %v", err)
			}
			_, err = s.vault.Finish(t.Context(), alice, q)
			if c.ok && err != nil || !c.ok && !errors.Is(err, credential.ErrIssuer) {
				t.Errorf("code: %v", err)
			}
			if asked := len(s.requests("/token")); asked != map[bool]int{true: 1, false: 0}[c.ok] {
				t.Errorf("%d token requests", asked)
			}
		})
	}
}

// Mix-up: the code of an honest server, delivered in the flow of another one.
func TestMixUp(t *testing.T) {
	s := newSetting(t)
	evil := newAuthorizationServer("https://evil-as.example", "https://evil.example/mcp")
	s.hosts[evil.issuer] = evil
	s.hosts["https://evil.example"] = &upstream{documents: map[string]string{prmPath + "/mcp": resourceOf("https://evil.example/mcp", evil.issuer)}}
	code := s.as.approve(t, s.begin(t, alice), "alice")
	where, err := s.vault.Begin(t.Context(), alice, credential.Server{ID: "evil", URL: "https://evil.example/mcp"}, "")
	if err != nil {
		t.Fatal(err)
	}
	code.Set("state", queryOf(t, where).Get("state"))
	if _, err := s.vault.Finish(t.Context(), alice, code); !errors.Is(err, credential.ErrIssuer) {
		t.Errorf("got %v, want ErrIssuer", err)
	}
	if got := s.requests("/token"); len(got) != 0 {
		t.Errorf("the code was sent: %v", got)
	}
}

func TestFinishReportsErrors(t *testing.T) {
	s := newSetting(t)
	state := func() string { return queryOf(t, s.begin(t, alice)).Get("state") }
	done, err := s.vault.Finish(t.Context(), alice, url.Values{
		"state": {state()}, "iss": {asURL}, "error": {"access_denied"}, "error_description": {"no\r\n" + strings.Repeat("x", 1000)},
	})
	refused, ok := errors.AsType[*credential.ResponseError](err)
	if !ok || refused.Stage != credential.Authorizing || refused.Code != "access_denied" || done.ReturnTo != "/servers" {
		t.Fatalf("got %+v, %v", done, err)
	}
	if strings.ContainsAny(refused.Description, "\r\n") || len(refused.Description) > 310 {
		t.Errorf("description not cleaned: %q", refused.Description)
	}
	for name, q := range map[string]url.Values{
		"neither code nor error": {}, "both": {"code": {"c"}, "error": {"e"}}, "two codes": {"code": {"c", "d"}}, "two issuers": {"code": {"c"}, "iss": {asURL, asURL}},
	} {
		q.Set("state", state())
		if !q.Has("iss") {
			q.Set("iss", asURL)
		}
		if _, err := s.vault.Finish(t.Context(), alice, q); !errors.Is(err, credential.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := s.requests("/token"); len(got) != 0 {
		t.Errorf("token requests: %v", got)
	}
}

// F-15, F-16, M-19: what a token endpoint must not get away with.
func TestExchangeRefusesAnswers(t *testing.T) {
	cases := map[string]http.HandlerFunc{
		"HTML":                     status(200, "<html>"),
		"another token type":       status(200, `{"access_token":"a","token_type":"mac"}`),
		"no token type":            status(200, `{"access_token":"a"}`),
		"no token":                 status(200, `{"token_type":"Bearer"}`),
		"a token with a line end":  status(200, `{"access_token":"a\r\nX: y","token_type":"Bearer"}`),
		"far too long":             status(200, `{"access_token":"a","token_type":"Bearer"}`+strings.Repeat(" ", 1<<20)),
		"server error":             status(500, `{"error":"invalid_grant"}`),
		"redirect with the secret": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "https://trap.example/", 307) },
		"echo of the code": func(w http.ResponseWriter, r *http.Request) {
			refuse(w, 400, "invalid_grant "+r.PostForm.Get("code")+" "+r.PostForm.Get("code_verifier"))
		},
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			q := s.as.approve(t, s.begin(t, alice), "alice")
			s.as.answer(answer)
			_, err := s.vault.Finish(t.Context(), alice, q)
			if err == nil || s.vault.Connected(alice, "mail") {
				t.Fatal("accepted")
			}
			for _, secret := range []string{q.Get("code"), s.as.tokenForms[0].Get("code_verifier")} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error repeats a secret: %v", err)
				}
			}
			if got := s.requests("trap.example"); len(got) != 0 {
				t.Errorf("followed: %v", got)
			}
		})
	}
}
