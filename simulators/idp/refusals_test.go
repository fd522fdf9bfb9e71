package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/simulators/idp"
)

func TestNeverRedirectsToAnUnregisteredAddress(t *testing.T) {
	p := start(t)
	for name, change := range map[string][]string{
		"unknown client":           {"client_id", "stranger"},
		"no client":                {"client_id", "-"},
		"two clients":              {"client_id", "access|other"},
		"no redirect URI":          {"redirect_uri", "-"},
		"unknown redirect URI":     {"redirect_uri", "https://evil.example/"},
		"another client's":         {"redirect_uri", "https://other.example/callback"},
		"longer path":              {"redirect_uri", callback + "/x"},
		"extra query":              {"redirect_uri", callback + "?x=1"},
		"other case":               {"redirect_uri", strings.ToUpper(callback)},
		"fragment":                 {"redirect_uri", callback + "#x"},
		"two redirect URIs":        {"redirect_uri", callback + "|" + callback + "?tenant=1"},
		"bad and prompt=none":      {"redirect_uri", "https://evil.example/", "prompt", "none"},
		"bad and no response_type": {"redirect_uri", "https://evil.example/", "response_type", "-"},
	} {
		a := p.get(t, p.authorization(change...))
		if a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
			t.Errorf("%s: %d, Location %q", name, a.status, a.header.Get("Location"))
		}
	}
	if a := p.get(t, p.authorization()+"&%zz"); a.status != http.StatusBadRequest {
		t.Errorf("malformed query: %d", a.status)
	}
}

func TestRefusedAuthorizations(t *testing.T) {
	p := start(t)
	for _, c := range []struct {
		code   string
		change []string
	}{
		{"invalid_request", []string{"response_type", "-"}},
		{"unsupported_response_type", []string{"response_type", "token"}},
		{"unsupported_response_type", []string{"response_type", "code id_token"}},
		{"invalid_request", []string{"response_mode", "fragment"}},
		{"invalid_scope", []string{"scope", "-"}},
		{"invalid_scope", []string{"scope", "email profile"}},
		{"invalid_request", []string{"code_challenge", "-"}},
		{"invalid_request", []string{"code_challenge", "c2hvcnQ"}},
		{"invalid_request", []string{"code_challenge", strings.Repeat("+", 43)}},
		{"invalid_request", []string{"code_challenge_method", "-"}},
		{"invalid_request", []string{"code_challenge_method", "plain", "code_challenge", verifier}},
		{"invalid_request", []string{"nonce", "a|b"}},
		{"invalid_request", []string{"prompt", "none login"}},
		{"invalid_request", []string{"prompt", "create"}},
		{"invalid_request", []string{"max_age", "-1"}},
		{"login_required", []string{"prompt", "none"}},
		{"request_not_supported", []string{"request", "e30.e30."}},
		{"request_uri_not_supported", []string{"request_uri", "https://rp.example/request"}},
		{"registration_not_supported", []string{"registration", "{}"}},
	} {
		answer := p.get(t, p.authorization(c.change...)).redirect(t)
		if answer.Get("error") != c.code || answer.Has("code") {
			t.Errorf("%q: got %v, want %s", c.change, answer, c.code)
		}
		want(t, "state", answer.Get("state"), "state-1")
		want(t, "iss", answer.Get("iss"), p.origin)
	}
}

func TestWrongPassword(t *testing.T) {
	p := start(t)
	page := p.get(t, p.authorization("login_hint", `<alice@example.com>`))
	want(t, "login_hint", page.field("username"), "<alice@example.com>")
	for _, c := range [][2]string{{"alice", "wrong"}, {"alice", ""}, {"alice", "battery staple"}, {"nobody", ""}, {"", ""}} {
		again := p.signIn(t, page, c[0], c[1])
		if again.status != http.StatusUnauthorized || again.header.Get("WWW-Authenticate") == "" || !strings.Contains(again.body, "Username or password is wrong") {
			t.Errorf("%q: %d %s", c, again.status, again.body)
		}
		want(t, "csrf_token", again.field("csrf_token"), page.field("csrf_token"))
	}
	if got := p.get(t, p.authorization("prompt", "none")).redirect(t); got.Get("error") != "login_required" {
		t.Errorf("after wrong passwords somebody is signed in: %v", got)
	}
	p.signIn(t, page, "alice", "correct horse").redirect(t)
}

func TestLoginFormIsBoundToItsBrowser(t *testing.T) {
	p := start(t)
	page := p.get(t, p.authorization())
	victim := p.fresh()
	victim.get(t, p.authorization()) // has a login cookie of its own
	stranger := p.fresh()
	for name, a := range map[string]answer{
		"another browser": victim.signIn(t, page, "alice", "correct horse"),
		"no cookie":       stranger.signIn(t, page, "alice", "correct horse"),
		"no token":        p.signIn(t, answer{}, "alice", "correct horse"),
		"made-up token":   p.signIn(t, answer{body: `name="csrf_token" value="x"`}, "alice", "correct horse"),
	} {
		if a.status != http.StatusForbidden || len(a.header.Values("Set-Cookie")) != 0 {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
	}
	p.signIn(t, page, "alice", "correct horse").redirect(t)
	if again := p.signIn(t, page, "alice", "correct horse"); again.status != http.StatusForbidden {
		t.Errorf("the same page again: %d", again.status)
	}
}

func TestLoginRefusesAnythingButItsForm(t *testing.T) {
	p := start(t)
	page := p.get(t, p.authorization())
	form := url.Values{"csrf_token": {page.field("csrf_token")}, "username": {"alice"}, "password": {"correct horse"}}
	if a := p.post(t, p.origin+"/login?"+form.Encode(), nil); a.status != http.StatusForbidden {
		t.Errorf("password in the address: %d", a.status)
	}
	if a := p.get(t, p.origin+"/login?"+form.Encode()); a.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", a.status)
	}
	form.Add("username", "bob")
	if a := p.post(t, p.origin+"/login", form); a.status != http.StatusBadRequest {
		t.Errorf("two usernames: %d", a.status)
	}
}

func TestPagesAndCookiesAreGuarded(t *testing.T) {
	p := start(t)
	page := p.get(t, p.authorization())
	redirect := p.signIn(t, page, "alice", "correct horse")
	for name, a := range map[string]answer{"login page": page, "error page": p.get(t, p.authorization("client_id", "-"))} {
		want(t, name, a.header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
		want(t, name, a.header.Get("X-Frame-Options"), "DENY")
	}
	for name, a := range map[string]answer{"login page": page, "redirect": redirect} {
		want(t, name, a.header.Get("Cache-Control"), "no-store")
		want(t, name, a.header.Get("Referrer-Policy"), "no-referrer")
	}
	for _, c := range []string{page.header.Get("Set-Cookie"), redirect.header.Get("Set-Cookie")} {
		if !strings.HasPrefix(c, "__Host-idp") || !strings.HasSuffix(c, "; Path=/; HttpOnly; Secure; SameSite=Lax") {
			t.Errorf("cookie %q", c)
		}
	}
}

func TestRefusedTokenRequests(t *testing.T) {
	p := start(t)
	for _, c := range []struct {
		code   string
		change []string
	}{
		{"invalid_request", []string{"grant_type", "-"}},
		{"unsupported_grant_type", []string{"grant_type", "refresh_token"}},
		{"unsupported_grant_type", []string{"grant_type", "password"}},
		{"invalid_request", []string{"code", "-"}},
		{"invalid_request", []string{"redirect_uri", "-"}},
		{"invalid_request", []string{"code_verifier", "-"}},
		{"invalid_request", []string{"code_verifier", verifier + "|" + verifier}},
		{"invalid_grant", []string{"code", "made-up"}},
		{"invalid_grant", []string{"redirect_uri", callback + "?tenant=1"}},
		{"invalid_grant", []string{"code_verifier", strings.Repeat("a", 43)}},
		{"invalid_grant", []string{"code_verifier", "short"}},
		{"invalid_grant", []string{"client_id", "other", "client_secret", "another secret"}},
		{"invalid_client", []string{"client_id", "stranger"}},
		{"invalid_client", []string{"client_id", "stranger", "client_secret", ""}},
		{"invalid_client", []string{"client_id", "-"}},
		{"invalid_client", []string{"client_secret", "wrong"}},
		{"invalid_client", []string{"client_secret", "-"}},
	} {
		a := p.redeem(t, p.code(t), c.change...)
		status := http.StatusBadRequest
		if c.code == "invalid_client" {
			status = http.StatusUnauthorized
		}
		if a.status != status || a.json(t)["error"] != c.code || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: got %d %s, want %s", c.change, a.status, a.body, c.code)
		}
		if (a.header.Get("WWW-Authenticate") != "") != (status == http.StatusUnauthorized) {
			t.Errorf("%q: WWW-Authenticate %q", c.change, a.header.Get("WWW-Authenticate"))
		}
	}
}

func TestClientAuthenticatesInOneWay(t *testing.T) {
	p := start(t)
	basic := func(id, secret string, change ...string) answer {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {p.code(t)}, "redirect_uri": {callback}, "code_verifier": {verifier}}
		r, _ := http.NewRequest(http.MethodPost, p.origin+"/token", strings.NewReader(changed(form, change).Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id, secret)
		return p.do(t, r)
	}
	escaped := url.QueryEscape(secret)
	for name, c := range map[string]struct {
		got    answer
		status int
	}{
		"basic":               {basic("access", escaped), http.StatusOK},
		"basic, id repeated":  {basic("access", escaped, "client_id", "access"), http.StatusOK},
		"basic, not encoded":  {basic("access", secret+"%"), http.StatusUnauthorized},
		"basic, wrong secret": {basic("access", "wrong"), http.StatusUnauthorized},
		"both":                {basic("access", escaped, "client_secret", secret), http.StatusBadRequest},
		"two different ids":   {basic("access", escaped, "client_id", "other"), http.StatusBadRequest},
	} {
		if c.got.status != c.status {
			t.Errorf("%s: %d %s", name, c.got.status, c.got.body)
		}
	}
}

func TestTokenRequestIsAFormInABody(t *testing.T) {
	p := start(t)
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"access"}, "client_secret": {secret}, "code": {p.code(t)}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	if a := p.post(t, p.origin+"/token?"+form.Encode(), nil); a.status != http.StatusUnauthorized {
		t.Errorf("parameters in the address: %d %s", a.status, a.body)
	}
	r, _ := http.NewRequest(http.MethodPost, p.origin+"/token", strings.NewReader(`{"grant_type":"authorization_code"}`))
	r.Header.Set("Content-Type", "application/json")
	if a := p.do(t, r); a.status != http.StatusBadRequest || a.json(t)["error"] != "invalid_request" {
		t.Errorf("JSON: %d %s", a.status, a.body)
	}
	if a := p.get(t, p.origin+"/token?"+form.Encode()); a.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", a.status)
	}
}

func TestACodeWorksOnceAndItsReuseRevokes(t *testing.T) {
	p := start(t)
	code := p.code(t)
	stolen := p.redeem(t, code, "client_id", "other", "client_secret", "another secret")
	want(t, "another client", stolen.json(t)["error"].(string), "invalid_grant")

	access := p.redeem(t, code).json(t)["access_token"].(string)
	if a := p.userInfo(t, access); a.status != http.StatusOK {
		t.Fatalf("userinfo: %d", a.status)
	}
	again := p.redeem(t, code)
	if again.status != http.StatusBadRequest || again.json(t)["error"] != "invalid_grant" {
		t.Errorf("reuse: %d %s", again.status, again.body)
	}
	if a := p.userInfo(t, access); a.status != http.StatusUnauthorized {
		t.Errorf("userinfo after reuse: %d", a.status)
	}
}

func TestAFailedAttemptUsesTheCodeUp(t *testing.T) {
	p := start(t)
	code := p.code(t)
	p.redeem(t, code, "code_verifier", strings.Repeat("a", 43))
	if a := p.redeem(t, code); a.json(t)["error"] != "invalid_grant" {
		t.Errorf("second attempt: %d %s", a.status, a.body)
	}
}

func TestUserInfoRefusals(t *testing.T) {
	p := start(t)
	if a := p.get(t, p.origin+"/userinfo"); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") != `Bearer realm="`+p.origin+`"` {
		t.Errorf("no token: %d %v", a.status, a.header)
	}
	if a := p.userInfo(t, "made-up"); a.status != http.StatusUnauthorized || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("unknown token: %d %v", a.status, a.header)
	}
	id := p.redeem(t, p.code(t)).json(t)["id_token"].(string)
	if a := p.userInfo(t, id); a.status != http.StatusUnauthorized {
		t.Errorf("an ID token is no access token: %d", a.status)
	}
}

// What expires does, by a clock that runs as fast as the test wants.
func TestExpiry(t *testing.T) {
	if _, err := idp.DefaultKey(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		wait time.Duration
		ok   bool
	}{"in time": {59 * time.Second, true}, "late": {time.Minute, false}} {
		synctest.Test(t, func(t *testing.T) {
			p := quiet(t)
			code := p.code(t)
			time.Sleep(c.wait)
			if a := p.redeem(t, code); (a.status == http.StatusOK) != c.ok {
				t.Errorf("%s: code: %d %s", name, a.status, a.body)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		p := quiet(t)
		page := p.get(t, p.authorization())
		time.Sleep(10 * time.Minute)
		if a := p.signIn(t, page, "alice", "correct horse"); a.status != http.StatusForbidden {
			t.Errorf("old login page: %d", a.status)
		}
		p.signIn(t, p.get(t, p.authorization()), "alice", "correct horse").redirect(t)
		access := p.redeem(t, p.code(t)).json(t)["access_token"].(string)
		time.Sleep(time.Hour)
		if a := p.userInfo(t, access); a.status != http.StatusUnauthorized {
			t.Errorf("old access token: %d", a.status)
		}
		p.get(t, p.authorization("prompt", "none", "max_age", "3601")).redirect(t)
		want(t, "old sign-in", p.get(t, p.authorization("prompt", "none", "max_age", "3600")).redirect(t).Get("error"), "login_required")
		time.Sleep(11 * time.Hour)
		want(t, "old session", p.get(t, p.authorization("prompt", "none")).redirect(t).Get("error"), "login_required")
	})
}

func TestConfigurations(t *testing.T) {
	alice := idp.Person{Subject: "alice", Email: "alice@example.com", Password: "x"}
	for name, change := range map[string]func(*idp.Config){
		"no issuer":              func(c *idp.Config) { c.Issuer = "" },
		"http":                   func(c *idp.Config) { c.Issuer = "http://idp.example" },
		"trailing slash":         func(c *idp.Config) { c.Issuer = "https://idp.example/" },
		"query":                  func(c *idp.Config) { c.Issuer = "https://idp.example?" },
		"no host":                func(c *idp.Config) { c.Issuer = "https://" },
		"no password":            func(c *idp.Config) { c.People = []idp.Person{{Subject: "x", Email: "x@example.com"}} },
		"same person twice":      func(c *idp.Config) { c.People = []idp.Person{alice, alice} },
		"client without secret":  func(c *idp.Config) { c.Clients = []idp.Client{{ID: "x"}} },
		"same client twice":      func(c *idp.Config) { c.Clients = append(c.Clients, c.Clients[0]) },
		"redirect URI fragment":  func(c *idp.Config) { c.Clients[0].RedirectURIs = []string{callback + "#"} },
		"redirect URI http":      func(c *idp.Config) { c.Clients[0].RedirectURIs = []string{"http://rp.example/"} },
		"redirect URI relative":  func(c *idp.Config) { c.Clients[0].RedirectURIs = []string{"/callback"} },
		"redirect URI malformed": func(c *idp.Config) { c.Clients[0].RedirectURIs = []string{"https://%zz"} },
	} {
		c := town("https://idp.example")
		change(&c)
		if _, err := idp.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, issuer := range []string{"https://idp.example", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1"} {
		if _, err := idp.New(town(issuer)); err != nil {
			t.Error(err)
		}
	}
}
