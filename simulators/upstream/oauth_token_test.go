package upstream_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/simulators/upstream"
)

func TestTokenRefusals(t *testing.T) {
	p := protect(t, nil)
	other, _ := p.register(`{"token_endpoint_auth_method":"none"}`)
	for name, c := range map[string]struct {
		change header
		status int
		code   string
	}{
		"no grant type":       {header{"grant_type": ""}, 400, "invalid_request"},
		"password grant":      {header{"grant_type": "password"}, 400, "unsupported_grant_type"},
		"no code":             {header{"code": ""}, 400, "invalid_request"},
		"made-up code":        {header{"code": "x"}, 400, "invalid_grant"},
		"no verifier":         {header{"code_verifier": ""}, 400, "invalid_request"},
		"short verifier":      {header{"code_verifier": "abc"}, 400, "invalid_request"},
		"wrong verifier":      {header{"code_verifier": verifier + "x"}, 400, "invalid_grant"},
		"no redirect URI":     {header{"redirect_uri": ""}, 400, "invalid_grant"},
		"other redirect URI":  {header{"redirect_uri": callback + "x"}, 400, "invalid_grant"},
		"no resource":         {header{"resource": ""}, 400, "invalid_target"},
		"other resource":      {header{"resource": "https://other.example/mcp"}, 400, "invalid_target"},
		"no client":           {header{"client_id": ""}, 401, "invalid_client"},
		"unknown client":      {header{"client_id": "nobody"}, 401, "invalid_client"},
		"another client":      {header{"client_id": other}, 400, "invalid_grant"},
		"a secret it has not": {header{"client_secret": "x"}, 401, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			code := p.consent(nil, "allow").Get("code")
			p.refused(p.token(p.redemption(code).and(c.change)), c.status, c.code)
		})
	}
	p.t = t
	good := url.Values{}
	for name, value := range p.redemption(p.consent(nil, "allow").Get("code")) {
		good.Set(name, value)
	}
	form := header{"Content-Type": "application/x-www-form-urlencoded"}
	p.refused(send(t, http.MethodPost, p.asURL+"/token?"+good.Encode(), form, ""), 400, "invalid_request")
	p.refused(send(t, http.MethodPost, p.asURL+"/token", form, good.Encode()+"&code=x"), 400, "invalid_request")
	p.refused(send(t, http.MethodPost, p.asURL+"/token", header{"Content-Type": "application/json"}, `{}`), 400, "invalid_request")
	if a := send(t, http.MethodGet, p.asURL+"/token?"+good.Encode(), nil, ""); a.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", a.status)
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	p := protect(t, nil)
	code := p.consent(nil, "allow").Get("code")
	access, refresh := p.tokens(p.token(p.redemption(code)))
	p.refused(p.token(p.redemption(code)), 400, "invalid_grant")
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("the token of a code used twice: %d", a.status)
	}
	p.refused(p.token(p.rotation(refresh)), 400, "invalid_grant")
}

func TestRefreshRefusals(t *testing.T) {
	p := protect(t, nil)
	_, refresh := p.connect()
	other, _ := p.register(`{"token_endpoint_auth_method":"none"}`)
	p.refused(p.token(p.rotation("made-up")), 400, "invalid_grant")
	p.refused(p.token(p.rotation("")), 400, "invalid_request")
	p.refused(p.token(p.rotation(refresh).and(header{"client_id": other})), 400, "invalid_grant")
	p.refused(p.token(p.rotation(refresh).and(header{"resource": ""})), 400, "invalid_target")
	p.refused(p.token(p.rotation(refresh).and(header{"scope": "admin"})), 400, "invalid_scope")
	access2, refresh2 := p.tokens(p.token(p.rotation(refresh)))
	// The second use of a refresh token ends the whole family.
	p.refused(p.token(p.rotation(refresh)), 400, "invalid_grant")
	p.refused(p.token(p.rotation(refresh2)), 400, "invalid_grant")
	if a := p.whoami(access2); a.status != http.StatusUnauthorized {
		t.Errorf("access token of the family: %d", a.status)
	}
}

func TestNoRefreshWithoutRegistration(t *testing.T) {
	p := protect(t, nil)
	p.clientID, _ = p.register(`{"token_endpoint_auth_method":"none","grant_types":["authorization_code"]}`)
	if _, refresh := p.connect(); refresh != "" {
		t.Error("a refresh token that was not registered for")
	}
	p.refused(p.token(p.rotation("x")), 400, "unauthorized_client")
}

func TestClientAuthentication(t *testing.T) {
	p := protect(t, func(c *upstream.AuthorizationServerConfig) {
		c.Applications = []upstream.Application{
			{ID: "basic id", Name: "Portico <b>", Secret: "s:1", Method: "client_secret_basic", RedirectURIs: []string{callback}},
			{ID: "post", Name: "Portico <b>", Secret: "s2", Method: "client_secret_post", RedirectURIs: []string{callback}},
		}
	})
	public := p.clientID
	send := func(id, user, password string, change header) answer {
		p.clientID = id
		form := url.Values{}
		for name, value := range p.redemption(p.consent(nil, "allow").Get("code")).and(change) {
			form.Set(name, value)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.asURL+"/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if user != "" {
			r.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(password))
		}
		return do(t, r)
	}
	for name, c := range map[string]struct {
		id, user, password string
		change             header
		status             int
	}{
		"basic":                    {"basic id", "basic id", "s:1", header{"client_id": ""}, 200},
		"basic, wrong":             {"basic id", "basic id", "s:2", nil, 401},
		"basic, as post":           {"basic id", "", "", header{"client_secret": "s:1"}, 401},
		"basic, without":           {"basic id", "", "", nil, 401},
		"basic, other id in form":  {"basic id", "basic id", "s:1", header{"client_id": "post"}, 401},
		"post":                     {"post", "", "", header{"client_secret": "s2"}, 200},
		"post, wrong":              {"post", "", "", header{"client_secret": "s3"}, 401},
		"post, as basic":           {"post", "post", "s2", nil, 401},
		"post, both ways":          {"post", "post", "s2", header{"client_secret": "s2"}, 400},
		"public":                   {public, "", "", nil, 200},
		"public, with empty basic": {public, public, "", nil, 401},
	} {
		if a := send(c.id, c.user, c.password, c.change); a.status != c.status || a.status == 401 && a.header.Get("Www-Authenticate") == "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestRevocation(t *testing.T) {
	p := protect(t, nil)
	other, _ := p.register(`{"token_endpoint_auth_method":"none"}`)
	revoke := func(client, token string) answer {
		form := url.Values{"client_id": {client}}
		if token != "" {
			form.Set("token", token)
		}
		return send(t, http.MethodPost, p.asURL+"/revoke", header{"Content-Type": "application/x-www-form-urlencoded"}, form.Encode())
	}
	access, refresh := p.connect()
	p.refused(revoke("nobody", access), 401, "invalid_client")
	p.refused(revoke(p.clientID, ""), 400, "invalid_request")
	p.refused(revoke(other, access), 400, "unauthorized_client")
	p.refused(revoke(other, refresh), 400, "unauthorized_client")
	if a := revoke(p.clientID, "made-up"); a.status != http.StatusOK {
		t.Errorf("unknown token: %d", a.status)
	}
	if a := p.whoami(access); a.status != http.StatusOK {
		t.Errorf("nothing was revoked yet: %d", a.status)
	}
	revoke(p.clientID, access)
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("revoked access token: %d", a.status)
	}
	access, refresh = p.tokens(p.token(p.rotation(refresh)))
	revoke(p.clientID, refresh)
	if a := p.whoami(access); a.status != http.StatusUnauthorized {
		t.Errorf("access token of a revoked refresh token: %d", a.status)
	}
	p.refused(p.token(p.rotation(refresh)), 400, "invalid_grant")
}
