package portal_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

// lobby is the portal's pages and the vault behind them.
type lobby struct {
	t        *testing.T
	portal   http.Handler
	consents *MockConsents
}

// openLobby has two servers that want each person's consent, one that wants the
// administrator's, and one that wants nobody's.
func openLobby(t *testing.T) lobby {
	t.Helper()
	l := lobby{t: t, consents: NewMockConsents(t)}
	mail, notes, own := server("mail"), server("notes"), server("own")
	mail.Auth, mail.OnBehalf, mail.Name, mail.Scopes = portal.OAuth, true, "Mail & more", []string{"mail.read"}
	notes.Auth, notes.OnBehalf, own.Auth = portal.OAuth, true, portal.OAuth
	l.portal = standUp(t, newTown(), func(c *portal.Config) { c.Consents = l.consents }, mail, notes, own, server("wiki"))
	return l
}

// connected says which servers have a person's consent.
func (l lobby) connected(servers ...string) {
	for _, id := range []string{"mail", "notes"} {
		l.consents.EXPECT().Connected(alice, id).Return(strings.Contains(strings.Join(servers, " "), id)).Maybe()
	}
}

func (l lobby) browse(token, verb, address string, form url.Values) (*http.Response, string) {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), verb, "https://portal.internal.example"+address, strings.NewReader(form.Encode()))
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Cf-Access-Jwt-Assertion", token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	n := newTown()
	n.serve("portal.internal.example", l.portal)
	resp, err := n.dial(token).Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, _ := io.ReadAll(resp.Body)
	return resp, string(page)
}

var hidden = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// csrf is the token in the forms of a person's page.
func (l lobby) csrf(token string) string {
	l.t.Helper()
	_, page := l.browse(token, http.MethodGet, "/servers", nil)
	found := hidden.FindStringSubmatch(page)
	if found == nil {
		l.t.Fatalf("no form on the page: %s", page)
	}
	return found[1]
}

func TestThePageListsWhatWantsThePersonsConsent(t *testing.T) {
	l := openLobby(t)
	l.connected("notes")
	r, page := l.browse("alice", http.MethodGet, "/servers", nil)
	var shown []string
	for _, m := range regexp.MustCompile(`action="/servers/([^/]+)/connect"|aria-label="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		shown = append(shown, m[1]+m[2])
	}
	want := []string{"mail", "Connect Mail &amp; more", "notes", "Sign in to notes again"}
	if diff := cmp.Diff(want, shown); r.StatusCode != http.StatusOK || diff != "" {
		t.Errorf("status %d, %s", r.StatusCode, diff)
	}
}

// A page that asks for consent must not be framed, kept or named to others.
func TestPagesHaveTheirHeaders(t *testing.T) {
	l := openLobby(t)
	l.connected()
	for _, address := range []string{"/servers", "/servers?continue=https://evil.example/"} {
		r, _ := l.browse("alice", http.MethodGet, address, nil)
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", address, name, got)
			}
		}
		csp := r.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: %q", address, csp)
		}
	}
}

func TestThePageLeadsToTheEndOfTheSignInOnly(t *testing.T) {
	for next, good := range map[string]bool{
		"/oauth/finish": true, "/oauth/finish?flow=f-1&x=%2F": true,
		"https://evil.example/oauth/finish": false, "//evil.example/oauth/finish": false, "/oauth/finish/../../evil": false, "/oauth/finishing": false,
		"/servers": false, "oauth/finish": false, "/%6fauth/finish": false, "javascript:alert(1)": false, `/\evil.example/oauth/finish`: false,
		"/oauth/finish\r\nX: y": false, "?/oauth/finish": false,
	} {
		l := openLobby(t)
		l.connected("mail", "notes")
		r, _ := l.browse("alice", http.MethodGet, "/servers?continue="+url.QueryEscape(next), nil)
		if good && (r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != next) {
			t.Errorf("%q: status %d, to %q", next, r.StatusCode, r.Header.Get("Location"))
		}
		if !good && (r.StatusCode != http.StatusBadRequest || r.Header.Get("Location") != "") {
			t.Errorf("%q: status %d, to %q", next, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

func TestTheBrowserStaysWhileSomethingIsToConnect(t *testing.T) {
	l := openLobby(t)
	l.connected("mail")
	r, page := l.browse("alice", http.MethodGet, "/servers?continue="+url.QueryEscape("/oauth/finish?flow=f-1"), nil)
	if r.StatusCode != http.StatusOK || !strings.Contains(page, `<a href="/oauth/finish?flow=f-1">`) {
		t.Errorf("status %d: %s", r.StatusCode, page)
	}
}

func TestPagesAreForPeople(t *testing.T) {
	for _, each := range []string{"GET /servers", "POST /servers/mail/connect", "GET /servers-callback?state=s"} {
		verb, address, _ := strings.Cut(each, " ")
		l := openLobby(t) // whose vault expects no question
		if r, _ := l.browse("robot", verb, address, url.Values{"csrf": {"x"}}); r.StatusCode != http.StatusForbidden {
			t.Errorf("a service, %s: status %d", each, r.StatusCode)
		}
		if r, _ := l.browse("forged", verb, address, nil); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("nobody, %s: status %d", each, r.StatusCode)
		}
	}
}

func TestConnect(t *testing.T) {
	const to = "https://as.example/authorize?state=s-1"
	for _, c := range []struct {
		name, id, next string
		csrf           func(l lobby) string
		begins         bool
		err            error
		status         int
	}{
		{"own form", "mail", "/oauth/finish?flow=f-1", func(l lobby) string { return l.csrf("alice") }, true, nil, 303},
		{"vault fails", "mail", "", func(l lobby) string { return l.csrf("alice") }, true, errors.New("dial 10.0.0.7"), 502},
		{"no form", "mail", "", func(lobby) string { return "" }, false, nil, 403},
		{"another's form", "mail", "", func(l lobby) string {
			l.consents.EXPECT().Connected(credential.Person("b-1"), mock.Anything).Return(false)
			return l.csrf("bob")
		}, false, nil, 403},
		{"own form of another browser", "mail", "", func(l lobby) string { return l.csrf("alice2") }, false, nil, 403},
		{"no such server", "x", "", func(l lobby) string { return l.csrf("alice") }, false, nil, 404},
		{"the administrator's server", "own", "", func(l lobby) string { return l.csrf("alice") }, false, nil, 404},
		{"nobody's server", "wiki", "", func(l lobby) string { return l.csrf("alice") }, false, nil, 404},
		{"leads elsewhere", "mail", "https://evil.example/", func(l lobby) string { return l.csrf("alice") }, false, nil, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := openLobby(t)
			l.connected()
			form := url.Values{"csrf": {c.csrf(l)}, "continue": {c.next}}
			if c.begins {
				s := credential.Server{ID: "mail", URL: "https://mail.example/mcp", Scopes: []string{"mail.read"}}
				l.consents.EXPECT().Begin(mock.Anything, alice, s, c.next).Return(to, c.err).Once()
			}
			r, page := l.browse("alice", http.MethodPost, "/servers/"+c.id+"/connect", form)
			if r.StatusCode != c.status || (r.Header.Get("Location") == to) != (c.status == 303) || strings.Contains(page, "10.0.0.7") {
				t.Errorf("status %d, to %q: %s", r.StatusCode, r.Header.Get("Location"), page)
			}
			if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers: %v", r.Header)
			}
		})
	}
}

// The vault tells whose flow a state belongs to: it is asked in the name of the
// person who brings it.
func TestTheAnswerOfAnAuthorizationServer(t *testing.T) {
	query := url.Values{"code": {"c-1"}, "state": {"s-1"}}
	for _, c := range []struct {
		name     string
		finished credential.Finished
		err      error
		status   int
		to       string
	}{
		{"on the way to a client", credential.Finished{Server: "mail", ReturnTo: "/oauth/finish?flow=f-1"}, nil, 303, "/servers?continue=%2Foauth%2Ffinish%3Fflow%3Df-1"},
		{"from the page itself", credential.Finished{Server: "mail"}, nil, 303, "/servers"},
		{"wrong state", credential.Finished{}, credential.ErrState, 403, ""},
		{"wrong issuer", credential.Finished{Server: "mail"}, credential.ErrIssuer, 502, ""},
		{"declined", credential.Finished{Server: "mail"}, &credential.ResponseError{Stage: credential.Authorizing, Code: "access_denied"}, 502, ""},
		{"script in its words", credential.Finished{Server: "mail"}, &credential.ResponseError{Stage: credential.Exchanging, Status: 400, Code: "<script>"}, 502, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := openLobby(t)
			l.consents.EXPECT().Finish(mock.Anything, alice, query).Return(c.finished, c.err).Once()
			r, page := l.browse("alice", http.MethodGet, "/servers-callback?"+query.Encode(), nil)
			if r.StatusCode != c.status || r.Header.Get("Location") != c.to {
				t.Errorf("status %d, to %q", r.StatusCode, r.Header.Get("Location"))
			}
			if strings.Contains(page, "<script>") || strings.Contains(page, "c-1") {
				t.Error(page)
			}
		})
	}
}

func TestTheAdministratorsOwnAuthorization(t *testing.T) {
	const to = "https://as.example/authorize?state=s-1"
	n, consents := newTown(), NewMockConsents(t)
	mail := server("mail")
	mail.Auth, mail.OnBehalf = portal.OAuth, true
	p := standUp(t, n, func(c *portal.Config) { c.Consents = consents }, mail, server("wiki"))
	if _, err := p.AuthorizeAdmin(t.Context(), "x"); !errors.Is(err, portal.ErrUnknownServer) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := p.AuthorizeAdmin(t.Context(), "wiki"); !errors.Is(err, portal.ErrNoAuthorization) {
		t.Errorf("without OAuth: %v", err)
	}
	consents.EXPECT().Begin(mock.Anything, admin, credential.Server{ID: "mail", URL: "https://mail.example/mcp"}, "").Return(to, nil).Once()
	if got, err := p.AuthorizeAdmin(t.Context(), "mail"); got != to || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	query := url.Values{"state": {"s-1"}}
	consents.EXPECT().Finish(mock.Anything, admin, query).Return(credential.Finished{Server: "mail"}, credential.ErrIssuer).Once()
	if id, err := p.AdminAuthorized(t.Context(), query); id != "mail" || !errors.Is(err, credential.ErrIssuer) {
		t.Errorf("%q, %v", id, err)
	}
	if len(n.to("mail.example")) > 0 {
		t.Error("the server was asked for its tools without a credential")
	}
}

// The tools appear even if the browser is closed meanwhile.
func TestTheSyncAfterAnAuthorizationGoesOn(t *testing.T) {
	n, consents, credentials := newTown(), NewMockConsents(t), NewMockCredentials(t)
	n.serve("mail.example", &peer{tools: tools("send")})
	mail := server("mail")
	mail.Auth = portal.OAuth
	p := standUp(t, n, func(c *portal.Config) { c.Consents, c.Credentials = consents, credentials }, mail)
	ctx, leave := context.WithCancel(t.Context())
	consents.EXPECT().Finish(mock.Anything, admin, mock.Anything).
		Run(func(context.Context, credential.Owner, url.Values) { leave() }).Return(credential.Finished{Server: "mail"}, nil).Once()
	credentials.EXPECT().Token(mock.Anything, admin, "mail").Return(adminsToken, nil).Once()
	if id, err := p.AdminAuthorized(ctx, url.Values{}); id != "mail" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	if s, _ := p.Status("mail"); s.State != portal.Ready || s.Tools != 1 {
		t.Errorf("%+v", s)
	}
}

// strict is an authorization server that registers what it is sent and keeps
// the redirect URIs.
type strict struct{ redirects string }

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/oauth-authorization-server":
		fmt.Fprint(w, `{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize","token_endpoint":"https://as.example/token",`+
			`"registration_endpoint":"https://as.example/register","response_types_supported":["code"],"code_challenge_methods_supported":["S256"]}`)
	case "/register":
		body, _ := io.ReadAll(r.Body)
		s.redirects = regexp.MustCompile(`"redirect_uris":(\[[^\]]*\])`).FindStringSubmatch(string(body))[1]
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"client_id":"c-1","token_endpoint_auth_method":"none","redirect_uris":%s}`, s.redirects)
	default:
		http.NotFound(w, r)
	}
}

// A portal without an admin API has one redirect URI, and no piece of another.
func TestOnlyAddressesThatExistAreRegistered(t *testing.T) {
	for admins, want := range map[string]string{
		"":                      `["` + origin + `/servers-callback"]`,
		"https://admin.example": `["` + origin + `/servers-callback","https://admin.example/servers-callback"]`,
	} {
		n, as := newTown(), &strict{}
		n.serve("as.example", as)
		n.serve("mail.example", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/.well-known/oauth-protected-resource/mcp" {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, `{"resource":"https://mail.example/mcp","authorization_servers":["https://as.example"]}`)
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="https://mail.example/.well-known/oauth-protected-resource/mcp"`)
			w.WriteHeader(http.StatusUnauthorized)
		}))
		mail := server("mail")
		mail.Auth, mail.OnBehalf = portal.OAuth, true
		l := lobby{t: t, portal: standUp(t, n, func(c *portal.Config) { c.AdminOrigin = admins }, mail)}
		r, page := l.browse("alice", http.MethodPost, "/servers/mail/connect", url.Values{"csrf": {l.csrf("alice")}})
		if r.StatusCode != http.StatusSeeOther || as.redirects != want {
			t.Errorf("status %d, registered %s: %s", r.StatusCode, as.redirects, page)
		}
	}
}
