package idp_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/portico-mcp/portico/simulators/idp"
)

const (
	secret   = "s3cret with space & more"
	callback = "https://rp.example/login/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// provider is a provider on a TLS server, and one browser.
type provider struct {
	origin    string
	transport http.RoundTripper
	browser   *http.Client // keeps cookies, follows no redirect
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

func start(t *testing.T) *provider {
	t.Helper()
	var handler http.Handler
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	p, err := idp.New(town(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	handler = p
	return (&provider{origin: server.URL, transport: server.Client().Transport}).fresh()
}

// quiet is a provider without a network, for tests that move the clock.
func quiet(t *testing.T) *provider {
	t.Helper()
	handler, err := idp.New(town("https://idp.example"))
	if err != nil {
		t.Fatal(err)
	}
	return (&provider{origin: "https://idp.example", transport: direct{handler}}).fresh()
}

// direct is a transport that calls the handler.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w, in := httptest.NewRecorder(), r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	d.ServeHTTP(w, in)
	res := w.Result()
	res.Request = r
	return res, nil
}

func town(issuer string) idp.Config {
	return idp.Config{
		Issuer: issuer,
		People: []idp.Person{
			{Subject: "alice", Email: "alice@example.com", Name: "Alice Ardley", Password: "correct horse"},
			{Subject: "bob", Email: "bob@example.com", Name: "Bob Bexley", Password: "battery staple"},
		},
		Clients: []idp.Client{
			{ID: "access", Secret: secret, RedirectURIs: []string{callback, callback + "?tenant=1"}},
			{ID: "other", Secret: "another secret", RedirectURIs: []string{"https://other.example/callback"}},
		},
	}
}

// fresh is another browser at the same provider.
func (p *provider) fresh() *provider {
	jar, _ := cookiejar.New(nil) // never fails
	return &provider{origin: p.origin, transport: p.transport, browser: &http.Client{
		Transport:     p.transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// parameters are a good authorization request, changed by pairs of name and
// value; the value "-" leaves the parameter out.
func (p *provider) parameters(change ...string) url.Values {
	v := url.Values{
		"client_id":             {"access"},
		"redirect_uri":          {callback},
		"response_type":         {"code"},
		"scope":                 {"openid email profile"},
		"state":                 {"state-1"},
		"nonce":                 {"nonce-1"},
		"code_challenge":        {oauth2.S256ChallengeFromVerifier(verifier)},
		"code_challenge_method": {"S256"},
	}
	return changed(v, change)
}

func (p *provider) authorization(change ...string) string {
	return p.origin + "/authorize?" + p.parameters(change...).Encode()
}

// code signs Alice in with a fresh browser and returns the code.
func (p *provider) code(t *testing.T, change ...string) string {
	t.Helper()
	fresh := p.fresh()
	page := fresh.get(t, p.authorization(change...))
	return fresh.signIn(t, page, "alice", "correct horse").redirect(t).Get("code")
}

func (p *provider) redeem(t *testing.T, code string, change ...string) answer {
	t.Helper()
	form := url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {"access"},
		"client_secret": {secret},
		"code":          {code},
		"redirect_uri":  {callback},
		"code_verifier": {verifier},
	}
	return p.post(t, p.origin+"/token", changed(form, change))
}

func changed(v url.Values, change []string) url.Values {
	for i := 0; i < len(change); i += 2 {
		if change[i+1] == "-" {
			v.Del(change[i])
			continue
		}
		v[change[i]] = strings.Split(change[i+1], "|") // "a|b": given twice
	}
	return v
}

func (p *provider) userInfo(t *testing.T, token string) answer {
	t.Helper()
	r, _ := http.NewRequest(http.MethodGet, p.origin+"/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return p.do(t, r)
}

func (p *provider) signIn(t *testing.T, page answer, username, password string) answer {
	t.Helper()
	return p.post(t, p.origin+"/login", url.Values{"csrf_token": {page.field("csrf_token")}, "username": {username}, "password": {password}})
}

func (p *provider) get(t *testing.T, address string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.do(t, r)
}

func (p *provider) post(t *testing.T, address string, form url.Values) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(t, r)
}

func (p *provider) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	res, err := p.browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: res.StatusCode, header: res.Header, body: string(body)}
}

// redirect returns the parameters of a redirect to the client.
func (a answer) redirect(t *testing.T) url.Values {
	t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != http.StatusSeeOther || !strings.HasPrefix(u.String(), callback) {
		t.Fatalf("want a redirect to the client, got %d to %q: %s", a.status, u, a.body)
	}
	return u.Query()
}

func (a answer) field(name string) string {
	found := regexp.MustCompile(`name="` + name + `"[^>]*value="([^"]*)"`).FindStringSubmatch(a.body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %q: %v", a.status, a.body, err)
	}
	return v
}

func want(t *testing.T, what, got, expected string) {
	t.Helper()
	if got != expected {
		t.Errorf("%s: got %q, want %q", what, got, expected)
	}
}
