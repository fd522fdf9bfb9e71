package access_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/portico-mcp/portico/reference/access"
)

func TestNoStageOfAFlowCanBeSkipped(t *testing.T) {
	d := open(t)
	form := d.consent(t, request(d.register(t)))
	asked := form.Get("flow")
	refused := func(what, method, target string, form url.Values) {
		t.Helper()
		if got := d.status(method, target, form); got != http.StatusForbidden {
			t.Errorf("%s: %d", what, got)
		}
	}
	refused("a login that nobody agreed to", "GET", access.CallbackPath+"?code=x&state="+asked, nil)
	refused("an end without a login", "GET", "/oauth/finish?tx="+asked, nil)

	state := location(t, d.form("/oauth/consent", form, true)).Query().Get("state")
	form.Set("flow", state)
	refused("a consent to what is agreed", "POST", "/oauth/consent", form)
	refused("an end before the login came back", "GET", "/oauth/finish?tx="+state, nil)

	next := location(t, d.send("GET", access.CallbackPath+"?code=x&state="+state, nil, "", true)).Query().Get("continue")
	tx := strings.TrimPrefix(next, "/oauth/finish?tx=")
	refused("a second login of the flow", "GET", access.CallbackPath+"?code=x&state="+tx, nil)
	d.arrive(t, next)
}

func TestTwoTabsAreTwoTransactions(t *testing.T) {
	d := open(t)
	id := d.register(t)
	first := d.consent(t, request(id))
	other := request(id)
	other.Set("state", "second")
	d.consent(t, other)
	to := location(t, d.form("/oauth/consent", first, true))
	back := location(t, d.send("GET", access.CallbackPath+"?code=x&state="+to.Query().Get("state"), nil, "", true))
	d.arrive(t, back.Query().Get("continue")) // checks the first tab's state
}

func TestAFlowEndsOnlyForWhoSignedIn(t *testing.T) {
	d := open(t)
	at := d.signIn(t, d.register(t))
	kept := d.cookies["__Host-access"]
	delete(d.cookies, "__Host-access")
	if got := d.status("GET", at, nil); got != http.StatusForbidden {
		t.Errorf("without a session: %d", got)
	}
	d.cookies["__Host-access"] = kept
	d.arrive(t, at)
}

func TestASignInGivesANewSessionAndEndsTheOld(t *testing.T) {
	d := open(t)
	id := d.register(t)
	d.signIn(t, id)
	old := d.cookies["__Host-access"]
	d.signIn(t, id)
	if d.cookies["__Host-access"] == old {
		t.Fatal("the session kept its id")
	}
	d.cookies["__Host-access"] = old
	if got := d.status("POST", "/servers/mail/connect", nil); got != http.StatusUnauthorized {
		t.Errorf("the old session: %d", got)
	}
}

func TestAConsentFromAnotherSiteIsRefused(t *testing.T) {
	d := open(t)
	form := d.consent(t, request(d.register(t)))
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"}}
	if res := d.send("POST", "/oauth/consent", h, form.Encode(), true); res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", res.StatusCode)
	}
	h.Set("Sec-Fetch-Site", "same-origin")
	if res := d.send("POST", "/oauth/consent", h, form.Encode(), true); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the same from its own page: %d", res.StatusCode)
	}
}

func TestAnOverlongOrUnreadableRequestIsNotKept(t *testing.T) {
	d := open(t)
	q := request(d.register(t))
	q.Set("state", strings.Repeat("x", 9<<10))
	for name, raw := range map[string]string{"overlong": q.Encode(), "unreadable": request(d.register(t)).Encode() + "&x=%zz"} {
		if res := d.send("GET", "/oauth/authorize?"+raw, nil, "", true); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}

func TestTheClientHearsWhyNobodySignedIn(t *testing.T) {
	cases := map[string]struct {
		fail        error
		query, code string
	}{
		"the provider fails":   {errors.New("down"), "code=x", "server_error"},
		"the provider refuses": {nil, "error=%3Cscript%3E", "access_denied"},
	}
	for name, c := range cases {
		d := open(t)
		a, err := access.New(access.Config{
			Origin: origin, Audience: "portal", OIDC: access.OIDCConfig{Issuer: "https://idp.example"},
			Next: http.NotFoundHandler(), Provider: provider{fail: c.fail},
		})
		if err != nil {
			t.Fatal(err)
		}
		d.Access = a
		to := location(t, d.form("/oauth/consent", d.consent(t, request(d.register(t))), true))
		back := location(t, d.send("GET", access.CallbackPath+"?"+c.query+"&state="+to.Query().Get("state"), nil, "", true)).Query()
		if back.Get("error") != c.code || strings.Contains(back.Get("error_description"), "<") || back.Get("iss") != origin {
			t.Errorf("%s: sent back with %v", name, back)
		}
	}
}

func TestACodeSurvivesWhatIsNotItsClients(t *testing.T) {
	d := open(t)
	id := d.register(t)
	code := d.code(t, id)
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"other"}, "code": {code}, "redirect_uri": {client}, "code_verifier": {verifier}}
	wants(t, "another client", d.form("/oauth/token", form, false), 400, "invalid_grant")
	form.Set("client_id", id)
	form.Set("resource", "https://other.example/mcp")
	wants(t, "another resource", d.form("/oauth/token", form, false), 400, "invalid_target")
	if res := d.exchange(id, code); res.StatusCode != http.StatusOK {
		t.Errorf("the code was spent by them: %d", res.StatusCode)
	}
}

func TestAPublicClientHasNoSecret(t *testing.T) {
	d := open(t)
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {"Basic eDp5"}}
	res := d.send("POST", "/oauth/token", h, "grant_type=refresh_token", false)
	if !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic") {
		t.Errorf("challenge %q", res.Header.Get("WWW-Authenticate"))
	}
	wants(t, "in a header", res, 401, "invalid_client")
	wants(t, "in the form", d.form("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_secret": {"x"}}, false), 401, "invalid_client")
}

func TestAGrantIsNotRefreshedForEver(t *testing.T) {
	d := open(t)
	id := d.register(t)
	token := document(t, d.exchange(id, d.code(t, id)))["refresh_token"].(string)
	for n := range 5000 {
		res := d.refresh(id, token)
		if res.StatusCode != http.StatusOK {
			if n < 1344 { // a refresh every 15 minutes for 14 days
				t.Errorf("ended after %d refreshes", n)
			}
			return
		}
		token = document(t, res)["refresh_token"].(string)
	}
	t.Error("spent tokens are remembered without bound")
}

func TestAnApplicationTokenLastsToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		d.signIn(t, d.register(t))
		time.Sleep(24*time.Hour - 4*time.Minute)
		d.send("GET", "/servers", nil, "", true)
		time.Sleep(time.Minute)
		d.send("GET", "/servers", nil, "", true)
		const header = "Cf-Access-Jwt-Assertion"
		first, last := d.heard[0].Header.Get(header), d.heard[1].Header.Get(header)
		if first != last {
			t.Error("signed anew although no new token would last longer")
		}
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(last, claims); err != nil {
			t.Fatal(err)
		}
		if exp, _ := claims.GetExpirationTime(); !exp.Equal(time.Now().Add(3 * time.Minute).Truncate(time.Second)) {
			t.Errorf("it ends at %v, the session three minutes from %v", exp, time.Now())
		}
	})
}

func TestAnApplicationTokenIsSignedAnewBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		d.signIn(t, d.register(t))
		d.send("GET", "/servers", nil, "", true)
		time.Sleep(54 * time.Minute)
		d.send("GET", "/servers", nil, "", true)
		time.Sleep(2 * time.Minute)
		d.send("GET", "/servers", nil, "", true)
		const header = "Cf-Access-Jwt-Assertion"
		if d.heard[0].Header.Get(header) != d.heard[1].Header.Get(header) {
			t.Error("signed anew with six minutes left")
		}
		if d.heard[1].Header.Get(header) == d.heard[2].Header.Get(header) {
			t.Error("handed out with four minutes left")
		}
	})
}

func TestAnUnusedRegistrationIsForgottenAndAUsedOneKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		unused, used := d.register(t), d.register(t)
		d.code(t, used)
		time.Sleep(25 * time.Hour)
		if res := d.send("GET", "/oauth/authorize?"+request(unused).Encode(), nil, "", true); res.StatusCode != http.StatusBadRequest {
			t.Errorf("unused: %d", res.StatusCode)
		}
		d.consent(t, request(used))
	})
}

func TestHeadersThatOnlyAccessMaySayDoNotPass(t *testing.T) {
	d := open(t)
	h := http.Header{
		"Cf-Access-Client-Id": {"robot"}, "Cf-Access-Client-Secret": {"s3cret"}, "Connection": {"Cf-Access-Jwt-Assertion"},
		"cf_access_jwt_assertion": {"forged"}, "Cf-Access-Authenticated-User-Email": {"admin@town.example"}, "Mcp-Method": {"tools/list"},
	}
	if res := d.send("POST", "/mcp", h, "{}", false); res.StatusCode != http.StatusOK {
		t.Fatalf("status %d", res.StatusCode)
	}
	inside := d.heard[0].Header
	for _, name := range []string{"Connection", "Cf_access_jwt_assertion", "Cf-Access-Authenticated-User-Email", "Cf-Access-Client-Secret"} {
		if inside.Get(name) != "" {
			t.Errorf("%s passed", name)
		}
	}
	if inside.Get("Mcp-Method") != "tools/list" || inside.Get("Cf-Access-Jwt-Assertion") == "forged" {
		t.Errorf("headers %v", inside)
	}
}

func TestABrowserAtTheMCPEndpointIsToldSo(t *testing.T) {
	res := open(t).send("GET", "/mcp", http.Header{"Accept": {"text/html"}}, "", false)
	page, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusUnauthorized || !strings.Contains(string(page), "invalid token") || !strings.Contains(res.Header.Get("WWW-Authenticate"), "resource_metadata") {
		t.Errorf("%d, challenge %q\n%s", res.StatusCode, res.Header.Get("WWW-Authenticate"), page)
	}
}

func TestASecretPrintsUnderNoVerb(t *testing.T) {
	secret := access.Secret("s3cret")
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%d", "%t"} {
		if got := fmt.Sprintf(verb, secret); got != "[redacted]" {
			t.Errorf("%s printed %s", verb, got)
		}
	}
}

func TestAConfigThatCannotWorkIsRefused(t *testing.T) {
	cases := map[string]access.Config{
		"http on the open network": {Origin: "http://portal.example", Audience: "a", Next: http.NotFoundHandler()},
		"a path":                   {Origin: "https://portal.example/", Audience: "a", Next: http.NotFoundHandler()},
		"a query":                  {Origin: "https://portal.example?x", Audience: "a", Next: http.NotFoundHandler()},
		"a user":                   {Origin: "https://u@portal.example", Audience: "a", Next: http.NotFoundHandler()},
		"no audience":              {Origin: origin, Next: http.NotFoundHandler()},
		"nothing behind":           {Origin: origin, Audience: "a"},
	}
	for name, c := range cases {
		if _, err := access.New(c); !errors.Is(err, access.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
