package upstream_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/simulators/upstream"
)

func TestOAuthFlow(t *testing.T) {
	p := protect(t, nil)
	answered := p.consent(nil, "allow")
	if answered.Get("state") != "st-1" || answered.Get("iss") != p.asURL || answered.Get("from") != "mail" {
		t.Errorf("redirect: %v", answered)
	}
	access, refresh := p.tokens(p.token(p.redemption(answered.Get("code"))))
	if who := said(t, p.whoami(access)); who != "s-alice" {
		t.Errorf("whoami says %q", who)
	}
	if subject, ok := p.as.Subject(access); subject != "s-alice" || !ok {
		t.Errorf("subject %q, %v", subject, ok)
	}
	// The second visit shows the consent page only.
	a := p.browse(http.MethodGet, "/authorize?"+p.request(nil).Encode(), nil)
	if strings.Contains(a.body, "password") || !strings.Contains(a.body, ">Allow<") {
		t.Errorf("second visit: %s", a.body)
	}
	access2, refresh2 := p.tokens(p.token(p.rotation(refresh)))
	if access2 == access || refresh2 == refresh || refresh2 == "" {
		t.Error("the tokens were not rotated")
	}
	if who := said(t, p.whoami(access2)); who != "s-alice" {
		t.Errorf("whoami after refresh says %q", who)
	}
}

func TestExpireAndRevoke(t *testing.T) {
	p := protect(t, nil)
	access, refresh := p.connect()
	p.as.Expire("s-bob")
	if a := p.whoami(access); a.status != http.StatusOK {
		t.Errorf("after bob's expired: %d", a.status)
	}
	p.as.Expire("s-alice")
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("after alice's expired: %d", a.status)
	}
	access, refresh = p.tokens(p.token(p.rotation(refresh)))
	p.as.Revoke("s-alice")
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("after alice's were revoked: %d", a.status)
	}
	p.refused(p.token(p.rotation(refresh)), 400, "invalid_grant")
}

func TestChallenges(t *testing.T) {
	p := protect(t, func(c *upstream.AuthorizationServerConfig) { c.Scopes = []string{"read", "send"} })
	other := protect(t, nil)
	foreign, _ := other.connect()
	narrow, _ := p.tokens(p.token(p.redemption(p.consent(header{"scope": "read"}, "allow").Get("code"))))
	access, _ := p.connect()
	begin := `Bearer resource_metadata="` + p.mailURL + `/.well-known/oauth-protected-resource/mcp", scope="read send"`
	for name, c := range map[string]struct {
		credential header
		status     int
		challenge  string
	}{
		"nothing":              {nil, 401, begin},
		"made up":              {header{"Authorization": "Bearer x"}, 401, begin + `, error="invalid_token"`},
		"other scheme":         {header{"Authorization": "Basic " + access}, 401, begin + `, error="invalid_token"`},
		"of another server":    {header{"Authorization": "Bearer " + foreign}, 401, begin + `, error="invalid_token"`},
		"too narrow":           {header{"Authorization": "Bearer " + narrow}, 403, begin + `, error="insufficient_scope"`},
		"right":                {header{"Authorization": "Bearer " + access}, 200, ""},
		"right, and a cookie":  {header{"Authorization": "Bearer " + access, "Cookie": "a=b"}, 400, ""},
		"right, and assertion": {header{"Authorization": "Bearer " + access, "Cf-Access-Jwt-Assertion": "x"}, 400, ""},
	} {
		a := post(t, p.mailURL, plain.and(c.credential), initialize)
		if a.status != c.status || a.header.Get("Www-Authenticate") != c.challenge {
			t.Errorf("%s: %d, %q", name, a.status, a.header.Get("Www-Authenticate"))
		}
	}
}

// TestTokenOfAnotherResource: one authorization server, a second server that
// trusts it, and a token that was not issued for that one.
func TestTokenOfAnotherResource(t *testing.T) {
	p := protect(t, nil)
	access, _ := p.connect()
	_, base := start(t, upstream.Config{Guard: upstream.OAuth(p.as, "https://elsewhere.example/mcp")})
	if a := post(t, base, plain.and(header{"Authorization": "Bearer " + access}), initialize); a.status != http.StatusUnauthorized {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestSessionBelongsToItsCredential(t *testing.T) {
	p := protect(t, nil)
	alice, refresh := p.connect()
	session := open(t, p.mailURL, header{"Authorization": "Bearer " + alice})
	renewed, _ := p.tokens(p.token(p.rotation(refresh)))
	if a := post(t, p.mailURL, session.and(header{"Authorization": "Bearer " + renewed}), ping); a.status != http.StatusOK {
		t.Errorf("after a refresh: %d %s", a.status, a.body)
	}
	p.cookies = map[string]string{}
	a := p.browse(http.MethodGet, "/authorize?"+p.request(nil).Encode(), nil)
	a = p.browse(http.MethodPost, "/login", url.Values{"token": {field(t, a)}, "username": {"bob"}, "password": {"bread"}})
	code := redirected(t, p.browse(http.MethodPost, "/consent", url.Values{"token": {field(t, a)}, "decision": {"allow"}})).Get("code")
	bob, _ := p.tokens(p.token(p.redemption(code)))
	for _, verb := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		if a := send(t, verb, p.mailURL+"/mcp", session.and(header{"Authorization": "Bearer " + bob}), ping); a.status != http.StatusNotFound {
			t.Errorf("%s as bob: %d %s", verb, a.status, a.body)
		}
	}
	if a := post(t, p.mailURL, session.and(header{"Authorization": ""}), ping); a.status != http.StatusUnauthorized {
		t.Errorf("without a credential: %d", a.status)
	}
}

func TestMetadata(t *testing.T) {
	p := protect(t, nil)
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		got := object(t, send(t, http.MethodGet, p.mailURL+path, nil, ""))
		if servers, _ := got["authorization_servers"].([]any); got["resource"] != p.resource || len(servers) != 1 || servers[0] != p.asURL {
			t.Errorf("%s: %v", path, got)
		}
		if a := send(t, http.MethodPost, p.mailURL+path, nil, ""); a.status != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", path, a.status)
		}
	}
	got := object(t, send(t, http.MethodGet, p.asURL+"/.well-known/oauth-authorization-server", nil, ""))
	for name, want := range map[string]any{
		"issuer": p.asURL, "authorization_endpoint": p.asURL + "/authorize", "token_endpoint": p.asURL + "/token",
		"registration_endpoint": p.asURL + "/register", "revocation_endpoint": p.asURL + "/revoke",
		"authorization_response_iss_parameter_supported": true,
	} {
		if got[name] != want {
			t.Errorf("%s: %v", name, got[name])
		}
	}
	if pkce, _ := got["code_challenge_methods_supported"].([]any); len(pkce) != 1 || pkce[0] != "S256" {
		t.Errorf("PKCE: %v", pkce)
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/x", "/"} {
		if a := send(t, http.MethodGet, p.asURL+path, nil, ""); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func TestLifetimes(t *testing.T) {
	p := protect(t, func(c *upstream.AuthorizationServerConfig) {
		c.AccessTokenLifetime, c.RefreshTokenLifetime, c.CodeLifetime = time.Nanosecond, time.Nanosecond, time.Hour
	})
	access, refresh := p.connect()
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("expired access token: %d", a.status)
	}
	p.refused(p.token(p.rotation(refresh)), 400, "invalid_grant")
	late := protect(t, func(c *upstream.AuthorizationServerConfig) { c.CodeLifetime = time.Nanosecond })
	late.refused(late.token(late.redemption(late.consent(nil, "allow").Get("code"))), 400, "invalid_grant")
}
