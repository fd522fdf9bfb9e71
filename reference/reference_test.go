package reference_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

const (
	origin   = "https://portal.example"
	redirect = "http://127.0.0.1:3000/callback"
	verifier = "a-verifier-that-is-long-enough-for-the-rules-of-RFC-7636"
)

// page is a store of one document.
type page struct{ text []byte }

func (p *page) Load() ([]byte, error) { return p.text, nil }

func (p *page) Save(text []byte) error { p.text = text; return nil }

// world is a handler that everybody reaches under every name.
type world struct{ http.Handler }

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// site is a deployment and what it leaves behind.
type site struct {
	*reference.Deployment
	access, credentials page
	key                 *rsa.PrivateKey
	world               world
}

func (s *site) config() reference.Config {
	return reference.Config{
		Origin: origin, AdminOrigin: "https://admin.example", AdminToken: "let-me-in",
		Servers: []portal.Server{{ID: "wiki", URL: "https://wiki.example/mcp"}},
		Direct:  &http.Client{Transport: &s.world}, Inspected: &http.Client{Transport: &s.world},
		AccessStore: &s.access, CredentialStore: &s.credentials, Key: s.key, Logger: slog.New(slog.DiscardHandler),
	}
}

// start puts a deployment in the place of the one there was.
func (s *site) start(t *testing.T) {
	t.Helper()
	d, err := reference.New(s.config())
	if err != nil {
		t.Fatal(err)
	}
	s.Deployment, s.world.Handler = d, d.Access
}

// ask is the admin's request, and the result of its answer.
func (s *site) ask(t *testing.T, verb, path, body string) string {
	t.Helper()
	r := httptest.NewRequest(verb, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer let-me-in")
	w := httptest.NewRecorder()
	s.Admin.ServeHTTP(w, r)
	var answer struct{ Result json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Errorf("%s %s: %d %s", verb, path, w.Code, w.Body)
	}
	return string(answer.Result)
}

// call begins an MCP session with an access token, and gives the status.
func (s *site) call(token string) int {
	r := httptest.NewRequest(http.MethodPost, origin+"/mcp", strings.NewReader(
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	w := httptest.NewRecorder()
	s.Access.ServeHTTP(w, r)
	return w.Code
}

// published is how many keys verify application tokens.
func (s *site) published(t *testing.T) int {
	t.Helper()
	w := httptest.NewRecorder()
	s.Access.ServeHTTP(w, httptest.NewRequest(http.MethodGet, origin+access.CertsPath, nil))
	var set struct{ Keys []any }
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	return len(set.Keys)
}

// alice is an identity provider with one person.
type alice struct{}

func (alice) AuthorizationURL(_ *http.Request, l access.Login) (string, error) {
	return "https://idp.example/?state=" + l.State, nil
}

func (alice) Identity(*http.Request, access.Login, string) (access.Identity, error) {
	return access.Identity{Subject: "a-1", Email: "alice@town.example"}, nil
}

var hidden = regexp.MustCompile(`name="(flow|csrf)" value="([^"]*)"`)

// grant lets alice allow a client, at a front door with the site's store, and
// gives the access token.
func (s *site) grant(t *testing.T) string {
	t.Helper()
	a, err := access.New(access.Config{Origin: origin, Audience: reference.Audience, Next: http.NotFoundHandler(), Provider: alice{}, Store: &s.access})
	if err != nil {
		t.Fatal(err)
	}
	cookies := map[string]*http.Cookie{}
	do := func(verb, path, body string) (string, url.Values) {
		r := httptest.NewRequest(verb, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			cookies[c.Name] = c
		}
		to, _ := url.Parse(w.Header().Get("Location"))
		return w.Body.String(), to.Query()
	}
	member := func(text, name string) string {
		t.Helper()
		var doc map[string]any
		_ = json.Unmarshal([]byte(text), &doc)
		value, ok := doc[name].(string)
		if !ok {
			t.Fatalf("no %s in %s", name, text)
		}
		return value
	}
	text, _ := do("POST", "/oauth/register", `{"redirect_uris":["`+redirect+`"]}`)
	id, sum := member(text, "client_id"), sha256.Sum256([]byte(verifier))
	text, _ = do("GET", "/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {id}, "redirect_uri": {redirect}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}.Encode(), "")
	form := url.Values{"answer": {"allow"}}
	for _, m := range hidden.FindAllStringSubmatch(text, -1) {
		form.Set(m[1], m[2])
	}
	_, q := do("POST", "/oauth/consent", form.Encode())
	_, q = do("GET", access.CallbackPath+"?code=x&state="+q.Get("state"), "")
	_, q = do("GET", q.Get("continue"), "")
	text, _ = do("POST", "/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {id}, "code": {q.Get("code")}, "redirect_uri": {redirect}, "code_verifier": {verifier},
	}.Encode())
	return member(text, "access_token")
}

func TestADeploymentIsAdministeredAndRestarted(t *testing.T) {
	s := &site{}
	token := s.grant(t)
	s.start(t)
	if got := s.call(token); got != http.StatusOK {
		t.Fatalf("a call with what was granted before: %d", got)
	}
	if got := s.ask(t, "PATCH", "/portal", `{"secure_web_gateway":true}`); got != `{"secure_web_gateway":true}` || !s.Portal.Routed() {
		t.Errorf("routed %v, and the admin is told %s", s.Portal.Routed(), got)
	}
	if got := s.ask(t, "GET", "/grants", ""); strings.Count(got, `"alice@town.example"`) != 1 {
		t.Errorf("grants %s", got)
	}
	s.ask(t, "POST", "/keys/rotate", "")
	if got, keys := s.call(token), s.published(t); got != http.StatusOK || keys != 2 {
		t.Errorf("after a rotation: %d, with %d keys published", got, keys)
	}
	if got := s.ask(t, "POST", "/people/alice@town.example/revoke", ""); got != `{"grants":1}` || s.call(token) != http.StatusUnauthorized {
		t.Errorf("revoked %s, and a call is answered %d", got, s.call(token))
	}
	s.start(t)
	if got := s.ask(t, "GET", "/grants", ""); got != "[]" || s.call(token) != http.StatusUnauthorized {
		t.Errorf("after a restart: grants %s", got)
	}
}

func TestTheConfiguredKeySigns(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{key: key}
	s.start(t)
	certs, err := (&http.Client{Transport: &s.world}).Get(origin + access.CertsPath)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(certs.Body)
	if n := base64.RawURLEncoding.EncodeToString(key.N.Bytes()); !strings.Contains(string(text), n) {
		t.Errorf("another key is published: %s", text)
	}
}

func TestWhatCannotBeReadIsNoDeployment(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*site)
		want  error
	}{
		"access":      {func(s *site) { s.access.text = []byte("{") }, access.ErrStore},
		"credentials": {func(s *site) { s.credentials.text = []byte(`{"version":9}`) }, credential.ErrDocument},
	} {
		s := &site{}
		c.spoil(s)
		if _, err := reference.New(s.config()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
