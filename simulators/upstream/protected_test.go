package upstream_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/portico-mcp/portico/simulators/upstream"
)

const (
	callback = "http://127.0.0.1:7/callback?from=mail"
	verifier = "a-verifier-of-forty-three-characters-or-more-0123"
)

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// protected is an OAuth server and the authorization server that protects it.
type protected struct {
	t        *testing.T
	as       *upstream.AuthorizationServer
	asURL    string
	mailURL  string
	resource string

	asHandler, mailHandler *swap

	clientID, secret string
	cookies          map[string]string // of alice's browser
}

// protect puts both on loopback and registers a public client that refreshes.
func protect(t *testing.T, change func(*upstream.AuthorizationServerConfig)) *protected {
	t.Helper()
	p := &protected{t: t, cookies: map[string]string{}}
	asHost := httptest.NewUnstartedServer(nil)
	mailHost := httptest.NewUnstartedServer(nil)
	p.asURL = "http://" + asHost.Listener.Addr().String()
	p.mailURL = "http://" + mailHost.Listener.Addr().String()
	p.resource = p.mailURL + "/mcp"
	config := upstream.AuthorizationServerConfig{
		Name: "mail-as", Issuer: p.asURL, Resource: p.resource,
		People: []upstream.Account{{Subject: "s-alice", Name: "alice", Password: "badgers"}, {Subject: "s-bob", Name: "bob", Password: "bread"}},
	}
	if change != nil {
		change(&config)
	}
	as, err := upstream.NewAuthorizationServer(config)
	if err != nil {
		t.Fatal(err)
	}
	mail, err := upstream.New(upstream.Config{Name: "mail", Tools: tools(), Guard: upstream.OAuth(as, p.resource), Advertise: p.mailURL})
	if err != nil {
		t.Fatal(err)
	}
	p.as, p.asHandler, p.mailHandler = as, newSwap(as), newSwap(mail)
	asHost.Config.Handler, mailHost.Config.Handler = p.asHandler, p.mailHandler
	asHost.Start()
	mailHost.Start()
	t.Cleanup(func() { _ = mail.Close(); mailHost.Close(); asHost.Close() })
	if config.Registration == upstream.RegistrationOpen {
		p.clientID, p.secret = p.register(`{"token_endpoint_auth_method":"none"}`)
	}
	return p
}

// swap serves what was put in it last.
type swap struct{ now atomic.Pointer[http.Handler] }

func newSwap(h http.Handler) *swap {
	s := &swap{}
	s.put(h)
	return s
}

func (s *swap) put(h http.Handler) { s.now.Store(&h) }

func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.now.Load()).ServeHTTP(w, r) }

// register registers a client that refreshes; metadata is added to what it says.
func (p *protected) register(metadata string) (id, secret string) {
	p.t.Helper()
	document := map[string]any{
		"client_name": "Portico <b>", "redirect_uris": []string{callback},
		"grant_types": []string{"authorization_code", "refresh_token"}, "application_type": "web",
	}
	if err := json.Unmarshal([]byte(metadata), &document); err != nil {
		p.t.Fatal(err)
	}
	body, _ := json.Marshal(document)
	a := send(p.t, http.MethodPost, p.asURL+"/register", header{"Content-Type": "application/json"}, string(body))
	if a.status != http.StatusCreated {
		p.t.Fatalf("register: %d %s", a.status, a.body)
	}
	got := object(p.t, a)
	id, _ = got["client_id"].(string)
	secret, _ = got["client_secret"].(string)
	return id, secret
}

func object(t *testing.T, a answer) map[string]any {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("not an object: %d %s", a.status, a.body)
	}
	return got
}

// request is a good authorization request, with some parameters changed; an
// empty value takes one out.
func (p *protected) request(change header) url.Values {
	q := url.Values{}
	good := header{
		"response_type": "code", "client_id": p.clientID, "redirect_uri": callback, "state": "st-1",
		"code_challenge": challenge(), "code_challenge_method": "S256", "resource": p.resource,
	}
	for name, value := range good.and(change) {
		q.Set(name, value)
	}
	return q
}

// browse sends a request as the browser does, with its cookies.
func (p *protected) browse(method, path string, form url.Values) answer {
	p.t.Helper()
	h := header{}
	var cookies []string
	for name, value := range p.cookies {
		cookies = append(cookies, name+"="+value)
	}
	if cookies != nil {
		h["Cookie"] = strings.Join(cookies, "; ")
	}
	if form != nil {
		h["Content-Type"] = "application/x-www-form-urlencoded"
	}
	a := send(p.t, method, p.asURL+path, h, form.Encode())
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		p.cookies[c.Name] = c.Value
	}
	return a
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

// field is the token in a page's form.
func field(t *testing.T, a answer) string {
	t.Helper()
	m := tokenField.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no form: %d %s", a.status, a.body)
	}
	return html.UnescapeString(m[1])
}

// consent goes through the sign-in page, if it is shown, and presses a button
// of the consent page. It gives the parameters of the redirect.
func (p *protected) consent(change header, decision string) url.Values {
	p.t.Helper()
	a := p.browse(http.MethodGet, "/authorize?"+p.request(change).Encode(), nil)
	if strings.Contains(a.body, `type="password"`) {
		a = p.browse(http.MethodPost, "/login", url.Values{"token": {field(p.t, a)}, "username": {"alice"}, "password": {"badgers"}})
	}
	if !strings.Contains(a.body, ">Allow<") || !strings.Contains(a.body, "Portico &lt;b&gt;") {
		p.t.Fatalf("no consent page: %d %s", a.status, a.body)
	}
	return redirected(p.t, p.browse(http.MethodPost, "/consent", url.Values{"token": {field(p.t, a)}, "decision": {decision}}))
}

func redirected(t *testing.T, a answer) url.Values {
	t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if a.status != http.StatusSeeOther || err != nil {
		t.Fatalf("no redirect: %d %s", a.status, a.body)
	}
	if !strings.HasPrefix(u.String(), callback+"&") {
		t.Fatalf("redirect to %s", u)
	}
	return u.Query()
}

func (p *protected) token(form header) answer {
	p.t.Helper()
	v := url.Values{}
	for name, value := range form {
		v.Set(name, value)
	}
	return send(p.t, http.MethodPost, p.asURL+"/token", header{"Content-Type": "application/x-www-form-urlencoded"}, v.Encode())
}

func (p *protected) redemption(code string) header {
	return header{
		"grant_type": "authorization_code", "code": code, "redirect_uri": callback,
		"client_id": p.clientID, "code_verifier": verifier, "resource": p.resource,
	}
}

func (p *protected) rotation(refresh string) header {
	return header{"grant_type": "refresh_token", "refresh_token": refresh, "client_id": p.clientID, "resource": p.resource}
}

// connect goes through the whole flow and gives the tokens.
func (p *protected) connect() (access, refresh string) {
	p.t.Helper()
	return p.tokens(p.token(p.redemption(p.consent(nil, "allow").Get("code"))))
}

func (p *protected) tokens(a answer) (access, refresh string) {
	p.t.Helper()
	got := object(p.t, a)
	access, _ = got["access_token"].(string)
	refresh, _ = got["refresh_token"].(string)
	if a.status != http.StatusOK || access == "" || a.header.Get("Cache-Control") != "no-store" || got["token_type"] != "Bearer" {
		p.t.Fatalf("token: %d %s", a.status, a.body)
	}
	return access, refresh
}

func (p *protected) refused(a answer, status int, code string) {
	p.t.Helper()
	if a.status != status || object(p.t, a)["error"] != code {
		p.t.Errorf("want %d %s, got %d %s", status, code, a.status, a.body)
	}
}

func (p *protected) whoami(token string) answer {
	p.t.Helper()
	return post(p.t, p.mailURL, modern("tools/call", "whoami").and(header{"Authorization": "Bearer " + token}), callBody("1", "whoami", `{}`, ","+meta))
}
