package access_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/portico-mcp/portico/reference/access"
)

func TestMain(m *testing.M) {
	if _, err := access.DefaultKey(); err != nil {
		panic(err)
	}
	m.Run()
}

const (
	origin   = "https://portal.example"
	client   = "http://127.0.0.1:3000/callback"
	verifier = "a-verifier-that-is-long-enough-for-the-rules-of-RFC-7636"
)

// provider signs alice in without a login.
type provider struct {
	who  access.Identity
	fail error
}

func (provider) AuthorizationURL(_ *http.Request, l access.Login) (string, error) {
	return "https://idp.example/authorize?state=" + l.State, nil
}

func (p provider) Identity(*http.Request, access.Login, string) (access.Identity, error) {
	return p.who, p.fail
}

// door is a front door and what stands behind it.
type door struct {
	*access.Access
	allowed bool
	heard   []*http.Request // what reached the portal
	cookies map[string]string
}

func open(t *testing.T) *door {
	t.Helper()
	return openConfigured(t, nil)
}

// openConfigured is open with something else in the configuration.
func openConfigured(t *testing.T, change func(*access.Config)) *door {
	t.Helper()
	d := &door{allowed: true, cookies: map[string]string{}}
	c := access.Config{
		Origin: origin, Audience: "portal", Interlude: "/servers",
		OIDC:          access.OIDCConfig{Issuer: "https://idp.example"},
		ServiceTokens: []access.ServiceToken{{ClientID: "robot", Secret: "s3cret"}},
		Provider:      provider{who: access.Identity{Subject: "00u-alice", Email: "alice@town.example"}},
		Allow:         func(access.Identity) bool { return d.allowed },
		Next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d.heard = append(d.heard, r)
			_, _ = io.Copy(w, r.Body)
		}),
	}
	if change != nil {
		change(&c)
	}
	a, err := access.New(c)
	if err != nil {
		t.Fatal(err)
	}
	d.Access = a
	return d
}

// send asks the door, with a browser's cookies if it is the browser.
func (d *door) send(method, target string, header http.Header, body string, browser bool) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for name, values := range header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	if browser {
		for name, value := range d.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	res := w.Result()
	if browser {
		for _, c := range res.Cookies() {
			d.cookies[c.Name] = c.Value
		}
	}
	return res
}

func (d *door) form(target string, values url.Values, browser bool) *http.Response {
	return d.send("POST", target, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, values.Encode(), browser)
}

func document(t *testing.T, res *http.Response) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// register makes a client and gives its id.
func (d *door) register(t *testing.T) string {
	t.Helper()
	res := d.send("POST", "/oauth/register", nil, `{"client_name":"editor","redirect_uris":["`+client+`"]}`, false)
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("registration: %d", res.StatusCode)
	}
	return document(t, res)["client_id"].(string)
}

func request(id string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"response_type": {"code"}, "client_id": {id}, "redirect_uri": {client}, "state": {"xyz"}, "resource": {origin + "/mcp"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
}

var hidden = regexp.MustCompile(`name="(flow|csrf)" value="([^"]*)"`)

// consent opens the consent page and gives the form it shows.
func (d *door) consent(t *testing.T, q url.Values) url.Values {
	t.Helper()
	res := d.send("GET", "/oauth/authorize?"+q.Encode(), nil, "", true)
	page, _ := io.ReadAll(res.Body)
	form := url.Values{"answer": {"allow"}}
	for _, m := range hidden.FindAllStringSubmatch(string(page), -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	if res.StatusCode != http.StatusOK || form.Get("flow") == "" || form.Get("csrf") == "" {
		t.Fatalf("consent page: %d\n%s", res.StatusCode, page)
	}
	return form
}

// code goes through the door up to the code.
func (d *door) code(t *testing.T, id string) string {
	t.Helper()
	return d.arrive(t, d.signIn(t, id)).Get("code")
}

// signIn goes up to the page between login and the client, and gives its
// continuation.
func (d *door) signIn(t *testing.T, id string) string {
	t.Helper()
	to := location(t, d.form("/oauth/consent", d.consent(t, request(id)), true))
	if to.Host != "idp.example" {
		t.Fatalf("consent led to %s", to)
	}
	to = location(t, d.send("GET", access.CallbackPath+"?code=x&iss=https://idp.example&state="+to.Query().Get("state"), nil, "", true))
	if to.Path != "/servers" {
		t.Fatalf("login led to %s", to)
	}
	return to.Query().Get("continue")
}

func (d *door) arrive(t *testing.T, at string) url.Values {
	t.Helper()
	to := location(t, d.send("GET", at, nil, "", true))
	if !strings.HasPrefix(to.String(), client) || to.Query().Get("iss") != origin || to.Query().Get("state") != "xyz" {
		t.Fatalf("the client was sent %s", to)
	}
	return to.Query()
}

func location(t *testing.T, res *http.Response) *url.URL {
	t.Helper()
	to, err := res.Location()
	if err != nil {
		t.Fatalf("status %d without a location: %v", res.StatusCode, err)
	}
	return to
}

// exchange trades a code for tokens.
func (d *door) exchange(id, code string) *http.Response {
	return d.form("/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {id}, "code": {code}, "redirect_uri": {client}, "code_verifier": {verifier},
	}, false)
}

func (d *door) refresh(id, token string) *http.Response {
	return d.form("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "refresh_token": {token}}, false)
}

func (d *door) call(token string) *http.Response {
	return d.send("POST", "/mcp", http.Header{"Authorization": {"Bearer " + token}}, "{}", false)
}

// wants ends the test if the answer is not an OAuth error of the code.
func wants(t *testing.T, what string, res *http.Response, status int, code string) {
	t.Helper()
	if got := document(t, res)["error"]; res.StatusCode != status || got != code {
		t.Errorf("%s: %d %v, want %d %s", what, res.StatusCode, got, status, code)
	}
}

func TestTheWholeDoor(t *testing.T) {
	d := open(t)
	id := d.register(t)
	tokens := document(t, d.exchange(id, d.code(t, id)))

	res := d.call(tokens["access_token"].(string))

	if res.StatusCode != http.StatusOK || len(d.heard) != 1 {
		t.Fatalf("call: %d, %d requests reached the portal", res.StatusCode, len(d.heard))
	}
	inside := d.heard[0].Header
	if inside.Get("Authorization") != "" || inside.Get("Cookie") != "" {
		t.Errorf("the client's credential reached the portal: %v", inside)
	}
	claims := jwt.MapClaims{}
	key, _ := access.DefaultKey()
	token, err := jwt.ParseWithClaims(inside.Get("Cf-Access-Jwt-Assertion"), claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(origin), jwt.WithAudience("portal"), jwt.WithExpirationRequired())
	if err != nil || !token.Valid {
		t.Fatalf("application token: %v", err)
	}
	if claims["type"] != "app" || claims["sub"] != "00u-alice" || claims["email"] != "alice@town.example" || claims["grant"] == "" {
		t.Errorf("claims %v", claims)
	}
}

func TestTheApplicationTokenIsSignedOncePerGrant(t *testing.T) {
	d := open(t)
	id := d.register(t)
	tokens := document(t, d.exchange(id, d.code(t, id)))
	d.call(tokens["access_token"].(string))
	again := document(t, d.refresh(id, tokens["refresh_token"].(string)))
	d.call(again["access_token"].(string))
	const header = "Cf-Access-Jwt-Assertion"
	if a, b := d.heard[0].Header.Get(header), d.heard[1].Header.Get(header); a == "" || a != b {
		t.Error("the same grant was given two application tokens")
	}
}

func TestMCPIsRefused(t *testing.T) {
	cases := map[string]struct {
		header http.Header
		status int
		why    string // in the challenge
	}{
		"without a credential":         {nil, 401, `Bearer resource_metadata="https://portal.example/.well-known/oauth-protected-resource/mcp"`},
		"with a forged token":          {http.Header{"Authorization": {"Bearer forged"}}, 401, `error="invalid_token"`},
		"with a password":              {http.Header{"Authorization": {"Basic YTpi"}}, 401, `error="invalid_token"`},
		"with two tokens":              {http.Header{"Authorization": {"Bearer a", "Bearer b"}}, 401, `error="invalid_token"`},
		"with half a service token":    {http.Header{"Cf-Access-Client-Id": {"robot"}}, 401, `error="invalid_token"`},
		"with a wrong secret":          {http.Header{"Cf-Access-Client-Id": {"robot"}, "Cf-Access-Client-Secret": {"no"}}, 401, `error="invalid_token"`},
		"with a doubled service token": {http.Header{"Cf-Access-Client-Id": {"robot", "robot"}, "Cf-Access-Client-Secret": {"s3cret"}}, 401, `error="invalid_token"`},
		"with both kinds": {http.Header{"Authorization": {"Bearer a"}, "Cf-Access-Client-Id": {"robot"}, "Cf-Access-Client-Secret": {"s3cret"}},
			401, `error="invalid_token"`},
		"with an assertion of its own": {http.Header{"Cf-Access-Jwt-Assertion": {"eyJhbGciOiJub25lIn0.e30."}}, 401, "Bearer"},
		"from another origin":          {http.Header{"Origin": {"https://evil.example"}, "Cf-Access-Client-Id": {"robot"}, "Cf-Access-Client-Secret": {"s3cret"}}, 403, ""},
	}
	for name, c := range cases {
		for _, method := range []string{"POST", "GET", "DELETE"} {
			d := open(t)
			res := d.send(method, "/mcp", c.header, "{}", false)
			challenge := res.Header.Get("WWW-Authenticate")
			if res.StatusCode != c.status || !strings.Contains(challenge, c.why) || res.Header.Get("Location") != "" {
				t.Errorf("%s %s: %d, challenge %q", method, name, res.StatusCode, challenge)
			}
			if len(d.heard) != 0 {
				t.Errorf("%s %s reached the portal", method, name)
			}
		}
	}
}

func TestAServiceTokenLetsAMachineIn(t *testing.T) {
	d := open(t)
	res := d.send("POST", "/mcp", http.Header{"Cf-Access-Client-Id": {"robot"}, "Cf-Access-Client-Secret": {"s3cret"}}, "{}", false)
	if res.StatusCode != http.StatusOK || len(d.heard) != 1 {
		t.Fatalf("status %d", res.StatusCode)
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(d.heard[0].Header.Get("Cf-Access-Jwt-Assertion"), claims); err != nil {
		t.Fatal(err)
	}
	if claims["common_name"] != "robot" || claims["sub"] != "" || claims["email"] != nil {
		t.Errorf("claims %v", claims)
	}
	if h := d.heard[0].Header; h.Get("Cf-Access-Client-Secret") != "" || h.Get("Cf-Access-Client-Id") != "" {
		t.Error("the service token reached the portal")
	}
}

func TestABodyOverTheLimitIsRefused(t *testing.T) {
	d := open(t)
	header := http.Header{"Cf-Access-Client-Id": {"robot"}, "Cf-Access-Client-Secret": {"s3cret"}}
	if res := d.send("POST", "/mcp", header, strings.Repeat("x", 4<<20+1), false); res.StatusCode != http.StatusRequestEntityTooLarge || len(d.heard) != 0 {
		t.Errorf("status %d, %d requests reached the portal", res.StatusCode, len(d.heard))
	}
	if res := d.send("POST", "/mcp", header, strings.Repeat("x", 4<<20), false); res.StatusCode != http.StatusOK {
		t.Errorf("at the limit: status %d", res.StatusCode)
	}
}

func TestRegistrationIsRefused(t *testing.T) {
	cases := map[string]struct{ body, code string }{
		"no JSON":                {`{`, "invalid_client_metadata"},
		"no redirect URI":        {`{"redirect_uris":[]}`, "invalid_redirect_uri"},
		"http elsewhere":         {`{"redirect_uris":["http://evil.example/cb"]}`, "invalid_redirect_uri"},
		"a fragment":             {`{"redirect_uris":["https://a.example/cb#x"]}`, "invalid_redirect_uri"},
		"a user":                 {`{"redirect_uris":["https://u@a.example/cb"]}`, "invalid_redirect_uri"},
		"a scheme of one's own":  {`{"redirect_uris":["javascript:alert(1)"]}`, "invalid_redirect_uri"},
		"too many redirect URIs": {`{"redirect_uris":[` + strings.Repeat(`"https://a.example/",`, 20) + `"https://a.example/"]}`, "invalid_redirect_uri"},
		"another grant type":     {`{"redirect_uris":["https://a.example/cb"],"grant_types":["password"]}`, "invalid_client_metadata"},
		"another response type":  {`{"redirect_uris":["https://a.example/cb"],"response_types":["token"]}`, "invalid_client_metadata"},
		"a wildcard":             {`{"redirect_uris":["https://*.a.example/cb"]}`, "invalid_redirect_uri"},
		"a backslash":            {`{"redirect_uris":["https://a.example/\\evil.example"]}`, "invalid_redirect_uri"},
		"an encoded dot":         {`{"redirect_uris":["https://a%2eexample/cb"]}`, "invalid_redirect_uri"},
		"a letter of no URI":     {`{"redirect_uris":["https://a.example。evil/cb"]}`, "invalid_redirect_uri"},
		"a space before":         {`{"redirect_uris":[" https://a.example/cb"]}`, "invalid_redirect_uri"},
		"no scheme":              {`{"redirect_uris":["//a.example/cb"]}`, "invalid_redirect_uri"},
		"an overlong one":        {`{"redirect_uris":["https://a.example/` + strings.Repeat("x", 2048) + `"]}`, "invalid_redirect_uri"},
		"a name that turns":      {`{"redirect_uris":["https://a.example/cb"],"client_name":"abc\u202egpj"}`, "invalid_client_metadata"},
		"a name of two lines":    {`{"redirect_uris":["https://a.example/cb"],"client_name":"a\r\nb"}`, "invalid_client_metadata"},
		"too large":              {`{"client_name":"` + strings.Repeat("x", 70<<10) + `"}`, "invalid_client_metadata"},
	}
	for name, c := range cases {
		wants(t, name, open(t).send("POST", "/oauth/register", nil, c.body, false), 400, c.code)
	}
}

func TestAuthorizationShowsAPageAndRedirectsNowhere(t *testing.T) {
	cases := map[string]func(url.Values){
		"unknown client":         func(q url.Values) { q.Set("client_id", "nobody") },
		"foreign redirect URI":   func(q url.Values) { q.Set("redirect_uri", "https://evil.example/cb") },
		"longer redirect URI":    func(q url.Values) { q.Set("redirect_uri", client+"/x") },
		"no redirect URI":        func(q url.Values) { q.Del("redirect_uri") },
		"other host on loopback": func(q url.Values) { q.Set("redirect_uri", "http://127.0.0.2:3000/callback") },
		"repeated parameter":     func(q url.Values) { q.Add("state", "again") },
	}
	for name, spoil := range cases {
		d := open(t)
		q := request(d.register(t))
		spoil(q)
		res := d.send("GET", "/oauth/authorize?"+q.Encode(), nil, "", true)
		if res.StatusCode != http.StatusBadRequest || res.Header.Get("Location") != "" {
			t.Errorf("%s: %d, location %q", name, res.StatusCode, res.Header.Get("Location"))
		}
	}
}

func TestAuthorizationTellsTheClientWhatIsWrong(t *testing.T) {
	cases := map[string]struct {
		spoil func(url.Values)
		code  string
	}{
		"implicit":         {func(q url.Values) { q.Set("response_type", "token") }, "unsupported_response_type"},
		"no challenge":     {func(q url.Values) { q.Del("code_challenge") }, "invalid_request"},
		"plain challenge":  {func(q url.Values) { q.Set("code_challenge_method", "plain") }, "invalid_request"},
		"short challenge":  {func(q url.Values) { q.Set("code_challenge", "abc") }, "invalid_request"},
		"foreign resource": {func(q url.Values) { q.Set("resource", "https://other.example/mcp") }, "invalid_target"},
		"unknown scope":    {func(q url.Values) { q.Set("scope", "admin") }, "invalid_scope"},
	}
	for name, c := range cases {
		d := open(t)
		q := request(d.register(t))
		c.spoil(q)
		to := location(t, d.send("GET", "/oauth/authorize?"+q.Encode(), nil, "", true))
		if got := to.Query(); got.Get("error") != c.code || got.Get("iss") != origin || got.Get("state") != "xyz" || got.Has("code") {
			t.Errorf("%s: sent back with %v", name, got)
		}
	}
}

func TestALoopbackClientMayChangeItsPort(t *testing.T) {
	d := open(t)
	q := request(d.register(t))
	q.Set("redirect_uri", "http://127.0.0.1:4567/callback")
	d.consent(t, q)
}

func TestConsentIsThePersonsOwn(t *testing.T) {
	cases := map[string]func(*door, url.Values){
		"another CSRF token": func(_ *door, f url.Values) { f.Set("csrf", "x") },
		"another flow":       func(_ *door, f url.Values) { f.Set("flow", "x") },
		"another browser":    func(d *door, _ url.Values) { clear(d.cookies) },
	}
	for name, spoil := range cases {
		d := open(t)
		form := d.consent(t, request(d.register(t)))
		spoil(d, form)
		if res := d.form("/oauth/consent", form, true); res.StatusCode != http.StatusForbidden || res.Header.Get("Location") != "" {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	d := open(t)
	form := d.consent(t, request(d.register(t)))
	d.form("/oauth/consent", form, true)
	if res := d.form("/oauth/consent", form, true); res.StatusCode != http.StatusForbidden {
		t.Errorf("the same consent twice: %d", res.StatusCode)
	}
}

func TestSayingNoTellsTheClient(t *testing.T) {
	d := open(t)
	form := d.consent(t, request(d.register(t)))
	form.Set("answer", "deny")
	if q := location(t, d.form("/oauth/consent", form, true)).Query(); q.Get("error") != "access_denied" || q.Get("iss") != origin {
		t.Errorf("sent back with %v", q)
	}
}

func TestTheLoginIsTheBrowsersOwn(t *testing.T) {
	cases := map[string]func(*door, url.Values){
		"another state":             func(_ *door, q url.Values) { q.Set("state", "x") },
		"another browser":           func(d *door, _ url.Values) { clear(d.cookies) },
		"another identity provider": func(_ *door, q url.Values) { q.Set("iss", "https://evil.example") },
	}
	for name, spoil := range cases {
		d := open(t)
		to := location(t, d.form("/oauth/consent", d.consent(t, request(d.register(t))), true))
		q := url.Values{"code": {"x"}, "state": {to.Query().Get("state")}}
		spoil(d, q)
		if res := d.send("GET", access.CallbackPath+"?"+q.Encode(), nil, "", true); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}

func TestWhomNoPolicyAdmitsIsDenied(t *testing.T) {
	d := open(t)
	d.allowed = false
	to := location(t, d.form("/oauth/consent", d.consent(t, request(d.register(t))), true))
	back := location(t, d.send("GET", access.CallbackPath+"?code=x&state="+to.Query().Get("state"), nil, "", true))
	if back.Query().Get("error") != "access_denied" {
		t.Errorf("sent back with %v", back.Query())
	}
}

func TestACodeIsExchangedOnceByItsClient(t *testing.T) {
	d := open(t)
	id := d.register(t)
	cases := map[string]func(url.Values){
		"wrong verifier":     func(f url.Values) { f.Set("code_verifier", "no") },
		"no verifier":        func(f url.Values) { f.Del("code_verifier") },
		"other client":       func(f url.Values) { f.Set("client_id", "other") },
		"other redirect URI": func(f url.Values) { f.Set("redirect_uri", "http://127.0.0.1:1/callback") },
	}
	for name, spoil := range cases {
		form := url.Values{"grant_type": {"authorization_code"}, "client_id": {id}, "code": {d.code(t, id)}, "redirect_uri": {client}, "code_verifier": {verifier}}
		spoil(form)
		wants(t, name, d.form("/oauth/token", form, false), 400, "invalid_grant")
	}

	code := d.code(t, id)
	tokens := document(t, d.exchange(id, code))
	wants(t, "the code again", d.exchange(id, code), 400, "invalid_grant")
	if res := d.call(tokens["access_token"].(string)); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after its code was used twice a token still works: %d", res.StatusCode)
	}
}

func TestRefreshTokensRotateAndReuseEndsTheGrant(t *testing.T) {
	d := open(t)
	id := d.register(t)
	first := document(t, d.exchange(id, d.code(t, id)))
	wants(t, "another client", d.refresh("other", first["refresh_token"].(string)), 400, "invalid_grant")
	second := document(t, d.refresh(id, first["refresh_token"].(string)))
	if d.call(first["access_token"].(string)).StatusCode != http.StatusUnauthorized {
		t.Error("the old access token still works")
	}
	if d.call(second["access_token"].(string)).StatusCode != http.StatusOK {
		t.Error("the new access token does not work")
	}
	wants(t, "reuse", d.refresh(id, first["refresh_token"].(string)), 400, "invalid_grant")
	if d.call(second["access_token"].(string)).StatusCode != http.StatusUnauthorized {
		t.Error("after reuse the grant still works")
	}
	wants(t, "the newest after reuse", d.refresh(id, second["refresh_token"].(string)), 400, "invalid_grant")
}

func TestARefreshAsksThePolicyAgain(t *testing.T) {
	d := open(t)
	id := d.register(t)
	tokens := document(t, d.exchange(id, d.code(t, id)))
	d.allowed = false
	wants(t, "refresh", d.refresh(id, tokens["refresh_token"].(string)), 400, "invalid_grant")
	if d.call(tokens["access_token"].(string)).StatusCode != http.StatusUnauthorized {
		t.Error("the access token of a grant that ended still works")
	}
}

func TestTheTokenEndpointRefuses(t *testing.T) {
	form := "application/x-www-form-urlencoded"
	cases := map[string]struct {
		kind, body string
		header     http.Header
		status     int
		code       string
	}{
		"JSON":               {"application/json", `{}`, nil, 400, "invalid_request"},
		"an unknown grant":   {form, "grant_type=password", nil, 400, "unsupported_grant_type"},
		"a doubled field":    {form, "grant_type=refresh_token&grant_type=refresh_token", nil, 400, "invalid_request"},
		"a client's secret":  {form, "grant_type=refresh_token", http.Header{"Authorization": {"Basic eDp5"}}, 401, "invalid_client"},
		"a foreign resource": {form, "grant_type=refresh_token&resource=https://other.example", nil, 400, "invalid_target"},
		"another scope":      {form, "grant_type=refresh_token&scope=admin", nil, 400, "invalid_scope"},
	}
	for name, c := range cases {
		h := http.Header{"Content-Type": {c.kind}}
		for k, v := range c.header {
			h[k] = v
		}
		res := open(t).send("POST", "/oauth/token", h, c.body, false)
		if res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: may be cached", name)
		}
		wants(t, name, res, c.status, c.code)
	}
}

func TestRevocationEndsTheGrant(t *testing.T) {
	for _, kind := range []string{"access_token", "refresh_token"} {
		d := open(t)
		id := d.register(t)
		tokens := document(t, d.exchange(id, d.code(t, id)))
		d.form("/oauth/revoke", url.Values{"token": {tokens[kind].(string)}, "client_id": {"other"}}, false)
		if d.call(tokens["access_token"].(string)).StatusCode != http.StatusOK {
			t.Errorf("%s: another client revoked it", kind)
		}
		res := d.form("/oauth/revoke", url.Values{"token": {tokens[kind].(string)}, "client_id": {id}}, false)
		if res.StatusCode != http.StatusOK || d.call(tokens["access_token"].(string)).StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: status %d, and the token still works", kind, res.StatusCode)
		}
	}
	if res := open(t).form("/oauth/revoke", url.Values{"token": {"unknown"}, "client_id": {"x"}}, false); res.StatusCode != http.StatusOK {
		t.Errorf("an unknown token: %d", res.StatusCode) // RFC 7009 §2.2
	}
}

func TestTokensEndWithTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		id := d.register(t)
		tokens := document(t, d.exchange(id, d.code(t, id)))
		bearer := tokens["access_token"].(string)

		time.Sleep(15*time.Minute - time.Second)
		if d.call(bearer).StatusCode != http.StatusOK {
			t.Error("the access token ended early")
		}
		time.Sleep(time.Second)
		if d.call(bearer).StatusCode != http.StatusUnauthorized {
			t.Error("the access token lives too long")
		}
		time.Sleep(14 * 24 * time.Hour)
		wants(t, "after two weeks", d.refresh(id, tokens["refresh_token"].(string)), 400, "invalid_grant")

		code := d.code(t, id)
		time.Sleep(time.Minute)
		wants(t, "a code after a minute", d.exchange(id, code), 400, "invalid_grant")
	})
}

func TestABrowserWithoutASessionIsSentToTheLogin(t *testing.T) {
	d := open(t)
	to := location(t, d.send("GET", "/servers?continue=/oauth/finish", nil, "", true))
	if to.Host != "idp.example" || len(d.heard) != 0 {
		t.Fatalf("sent to %s", to)
	}
	back := location(t, d.send("GET", access.CallbackPath+"?code=x&state="+to.Query().Get("state"), nil, "", true))
	if back.String() != "/servers?continue=/oauth/finish" {
		t.Errorf("sent back to %s", back)
	}
	if res := d.send("GET", "/servers", nil, "", true); res.StatusCode != http.StatusOK || len(d.heard) != 1 {
		t.Errorf("with a session: %d", res.StatusCode)
	}
	if res := d.send("POST", "/servers/mail/connect", nil, "", false); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a form without a session: %d", res.StatusCode)
	}
}

func TestACookieNeverOpensTheMCPEndpoint(t *testing.T) {
	d := open(t)
	d.signIn(t, d.register(t))
	if res := d.send("POST", "/mcp", nil, "{}", true); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestPagesCannotBeFramedOrKept(t *testing.T) {
	d := open(t)
	res := d.send("GET", "/oauth/authorize?"+request(d.register(t)).Encode(), nil, "", true)
	h := res.Header
	if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", h)
	}
	c := res.Cookies()[0]
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
		t.Errorf("cookie %v", c)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	if b, _ := json.Marshal(access.ServiceToken{ClientID: "robot", Secret: "s3cret"}); strings.Contains(string(b), "s3cret") {
		t.Errorf("printed %s", b)
	}
}
