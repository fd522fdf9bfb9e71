package upstream_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/simulators/upstream"
)

// TestAuthorizeProblems: without a client and its own redirect URI nobody is
// redirected anywhere.
func TestAuthorizeProblems(t *testing.T) {
	p := protect(t, nil)
	for name, query := range map[string]string{
		"unknown client":         p.request(header{"client_id": "nobody"}).Encode(),
		"no redirect URI":        p.request(header{"redirect_uri": ""}).Encode(),
		"other redirect URI":     p.request(header{"redirect_uri": callback + "&x"}).Encode(),
		"prefix of redirect URI": p.request(header{"redirect_uri": "http://127.0.0.1:7/callback"}).Encode(),
		"other port on loopback": p.request(header{"redirect_uri": "http://127.0.0.1:8/callback?from=mail"}).Encode(),
		"two redirect URIs":      p.request(nil).Encode() + "&redirect_uri=https%3A%2F%2Fevil.example",
		"two clients":            p.request(nil).Encode() + "&client_id=x",
		"unreadable":             p.request(nil).Encode() + "&%zz",
	} {
		a := p.browse(http.MethodGet, "/authorize?"+query, nil)
		if a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
			t.Errorf("%s: %d %s", name, a.status, a.header.Get("Location"))
		}
	}
}

func TestAuthorizeRefusals(t *testing.T) {
	p := protect(t, nil)
	for name, c := range map[string]struct {
		change header
		more   string
		code   string
	}{
		"no response_type":     {header{"response_type": ""}, "", "invalid_request"},
		"implicit":             {header{"response_type": "token"}, "", "unsupported_response_type"},
		"response in fragment": {header{"response_mode": "fragment"}, "", "invalid_request"},
		"request object":       {header{"request": "e.y.j"}, "", "invalid_request"},
		"no PKCE":              {header{"code_challenge": "", "code_challenge_method": ""}, "", "invalid_request"},
		"plain PKCE":           {header{"code_challenge_method": "plain"}, "", "invalid_request"},
		"PKCE without method":  {header{"code_challenge_method": ""}, "", "invalid_request"},
		"short challenge":      {header{"code_challenge": "abc"}, "", "invalid_request"},
		"no resource":          {header{"resource": ""}, "", "invalid_target"},
		"other resource":       {header{"resource": "https://other.example/mcp"}, "", "invalid_target"},
		"origin as resource":   {header{"resource": p.mailURL}, "", "invalid_target"},
		"two resources":        {nil, "&resource=https%3A%2F%2Fother.example", "invalid_request"},
		"two states":           {nil, "&state=st-2", "invalid_request"},
		"unknown scope":        {header{"scope": "mcp admin"}, "", "invalid_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			got := redirected(t, p.browse(http.MethodGet, "/authorize?"+p.request(c.change).Encode()+c.more, nil))
			if got.Get("error") != c.code || got.Get("iss") != p.asURL || got.Get("state") != "st-1" || got.Has("code") {
				t.Errorf("%v", got)
			}
		})
	}
	if got := p.consent(nil, "deny"); got.Get("error") != "access_denied" || got.Get("iss") != p.asURL || got.Has("code") {
		t.Errorf("denied: %v", got)
	}
}

func TestPagesAreGuarded(t *testing.T) {
	p := protect(t, nil)
	a := p.browse(http.MethodGet, "/authorize?"+p.request(nil).Encode(), nil)
	if !strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers: %v", a.header)
	}
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-mail-as") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %v", c)
		}
	}
	login := url.Values{"token": {field(t, a)}, "username": {"alice"}, "password": {"badgers"}}
	alices := p.cookies
	p.cookies = map[string]string{"__Host-mail-as-page": "another-browser"}
	if a := p.browse(http.MethodPost, "/login", login); a.status != http.StatusForbidden {
		t.Errorf("sign-in page in another browser: %d", a.status)
	}
	p.cookies = alices
	consent := p.browse(http.MethodPost, "/login", login)
	if a := p.browse(http.MethodPost, "/login", login); a.status != http.StatusForbidden {
		t.Errorf("sign-in page twice: %d", a.status)
	}
	allow := url.Values{"token": {field(t, consent)}, "decision": {"allow"}}
	alices = p.cookies
	p.cookies = map[string]string{"__Host-mail-as-page": alices["__Host-mail-as-page"]}
	if a := p.browse(http.MethodPost, "/consent", allow); a.status != http.StatusForbidden {
		t.Errorf("consent without being signed in: %d", a.status)
	}
	p.cookies = alices
	if a := p.browse(http.MethodPost, "/consent", allow); a.status != http.StatusForbidden {
		t.Errorf("consent page twice: %d", a.status)
	}
	if a := p.browse(http.MethodPost, "/consent", url.Values{"decision": {"allow"}}); a.status != http.StatusForbidden {
		t.Errorf("consent without the page's token: %d", a.status)
	}
}

// TestPagesAreNotMixedUp: the token of one page does not do for the other.
func TestPagesAreNotMixedUp(t *testing.T) {
	p := protect(t, nil)
	p.consent(nil, "allow") // alice is signed in
	consent := p.browse(http.MethodGet, "/authorize?"+p.request(nil).Encode(), nil)
	a := p.browse(http.MethodPost, "/login", url.Values{"token": {field(t, consent)}, "username": {"bob"}, "password": {"bread"}})
	if a.status != http.StatusForbidden || strings.Contains(a.body, ">Allow<") {
		t.Errorf("signed in with a consent page: %d", a.status)
	}
	signedIn := p.cookies["__Host-mail-as"]
	delete(p.cookies, "__Host-mail-as")
	login := p.browse(http.MethodGet, "/authorize?"+p.request(nil).Encode(), nil)
	p.cookies["__Host-mail-as"] = signedIn
	a = p.browse(http.MethodPost, "/consent", url.Values{"token": {field(t, login)}, "decision": {"allow"}})
	if a.status != http.StatusForbidden {
		t.Errorf("allowed with a sign-in page: %d", a.status)
	}
}

func TestWrongPassword(t *testing.T) {
	p := protect(t, nil)
	for _, who := range [][2]string{{"alice", "bread"}, {"nobody", "badgers"}, {"alice", ""}, {"", ""}} {
		a := p.browse(http.MethodGet, "/authorize?"+p.request(nil).Encode(), nil)
		a = p.browse(http.MethodPost, "/login", url.Values{"token": {field(t, a)}, "username": {who[0]}, "password": {who[1]}})
		if a.status != http.StatusForbidden || p.cookies["__Host-mail-as"] != "" || !strings.Contains(a.body, "password") {
			t.Errorf("%v: %d %v", who, a.status, p.cookies)
		}
	}
}

func TestRegistrationRefusals(t *testing.T) {
	p := protect(t, nil)
	for name, c := range map[string]struct{ document, code string }{
		"no redirect URI":  {`{}`, "invalid_redirect_uri"},
		"http elsewhere":   {`{"redirect_uris":["http://portal.example/cb"]}`, "invalid_redirect_uri"},
		"fragment":         {`{"redirect_uris":["https://portal.example/cb#x"]}`, "invalid_redirect_uri"},
		"empty fragment":   {`{"redirect_uris":["https://portal.example/cb#"]}`, "invalid_redirect_uri"},
		"user info":        {`{"redirect_uris":["https://a:b@portal.example/cb"]}`, "invalid_redirect_uri"},
		"other scheme":     {`{"redirect_uris":["javascript:alert(1)"]}`, "invalid_redirect_uri"},
		"one of two bad":   {`{"redirect_uris":["https://portal.example/cb","/cb"]}`, "invalid_redirect_uri"},
		"auth method":      {`{"redirect_uris":["https://p.example/cb"],"token_endpoint_auth_method":"private_key_jwt"}`, "invalid_client_metadata"},
		"application type": {`{"redirect_uris":["https://p.example/cb"],"application_type":"desktop"}`, "invalid_client_metadata"},
		"grant type":       {`{"redirect_uris":["https://p.example/cb"],"grant_types":["authorization_code","client_credentials"]}`, "invalid_client_metadata"},
		"refresh only":     {`{"redirect_uris":["https://p.example/cb"],"grant_types":["refresh_token"]}`, "invalid_client_metadata"},
		"response type":    {`{"redirect_uris":["https://p.example/cb"],"response_types":["token"]}`, "invalid_client_metadata"},
		"scope":            {`{"redirect_uris":["https://p.example/cb"],"scope":"root"}`, "invalid_client_metadata"},
		"key twice":        {`{"redirect_uris":["https://p.example/cb"],"redirect_uris":["https://q.example/cb"]}`, "invalid_client_metadata"},
		"not JSON":         {`redirect_uris=x`, "invalid_client_metadata"},
	} {
		a := send(t, http.MethodPost, p.asURL+"/register", header{"Content-Type": "application/json"}, c.document)
		if a.status != http.StatusBadRequest || object(t, a)["error"] != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	a := send(t, http.MethodPost, p.asURL+"/register", header{"Content-Type": "text/plain"}, `{}`)
	p.refused(a, 400, "invalid_request")
}

func TestRegistrationDefaults(t *testing.T) {
	p := protect(t, nil)
	a := send(t, http.MethodPost, p.asURL+"/register", header{"Content-Type": "application/json"}, `{"redirect_uris":["https://p.example/cb"]}`)
	got := object(t, a)
	secret, _ := got["client_secret"].(string)
	if a.status != http.StatusCreated || secret == "" || got["token_endpoint_auth_method"] != "client_secret_basic" ||
		got["application_type"] != "web" || got["client_secret_expires_at"] != 0.0 {
		t.Errorf("%d %s", a.status, a.body)
	}
	public := object(t, send(t, http.MethodPost, p.asURL+"/register", header{"Content-Type": "application/json"},
		`{"redirect_uris":["http://localhost:3/cb"],"token_endpoint_auth_method":"none"}`))
	if public["client_secret"] != nil {
		t.Errorf("a public client got a secret: %v", public)
	}
}

func TestRegistrationClosed(t *testing.T) {
	absent := protect(t, func(c *upstream.AuthorizationServerConfig) { c.Registration = upstream.RegistrationAbsent })
	if a := send(t, http.MethodPost, absent.asURL+"/register", header{"Content-Type": "application/json"}, `{}`); a.status != http.StatusNotFound {
		t.Errorf("absent: %d", a.status)
	}
	if got := object(t, send(t, http.MethodGet, absent.asURL+"/.well-known/oauth-authorization-server", nil, "")); got["registration_endpoint"] != nil {
		t.Errorf("absent, but in the metadata: %v", got)
	}
	forbidden := protect(t, func(c *upstream.AuthorizationServerConfig) { c.Registration = upstream.RegistrationForbidden })
	forbidden.refused(send(t, http.MethodPost, forbidden.asURL+"/register", header{"Content-Type": "application/json"}, `{}`), 403, "unauthorized_client")
}

func TestAuthorizationServerConfig(t *testing.T) {
	good := upstream.AuthorizationServerConfig{Issuer: "https://as.example", Resource: "https://mail.example/mcp"}
	if _, err := upstream.NewAuthorizationServer(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*upstream.AuthorizationServerConfig){
		"http":             func(c *upstream.AuthorizationServerConfig) { c.Issuer = "http://as.example" },
		"final slash":      func(c *upstream.AuthorizationServerConfig) { c.Issuer += "/" },
		"query":            func(c *upstream.AuthorizationServerConfig) { c.Issuer += "?x" },
		"no issuer":        func(c *upstream.AuthorizationServerConfig) { c.Issuer = "" },
		"resource":         func(c *upstream.AuthorizationServerConfig) { c.Resource = "mail" },
		"name of a cookie": func(c *upstream.AuthorizationServerConfig) { c.Name = "mail as" },
		"registration":     func(c *upstream.AuthorizationServerConfig) { c.Registration = "sometimes" },
		"application": func(c *upstream.AuthorizationServerConfig) {
			c.Applications = []upstream.Application{{ID: "x", Method: "client_secret_post"}}
		},
	} {
		c := good
		change(&c)
		if _, err := upstream.NewAuthorizationServer(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
