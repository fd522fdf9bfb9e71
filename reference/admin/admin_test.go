package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/admin"
	"github.com/portico-mcp/portico/reference/portal"
)

const (
	origin = "https://admin.example"
	token  = "let-me-in"
	as     = "https://as.example/authorize?client_id=portal&state=s-1"
)

// office is the admin API and what stands behind it.
type office struct {
	http.Handler
	overview       *MockOverview
	authorizations *MockAuthorizations
	staff          *staff
}

func open(t *testing.T) office {
	o := office{overview: NewMockOverview(t), authorizations: NewMockAuthorizations(t), staff: &staff{}}
	o.Handler = admin.New(admin.Config{
		Overview: o.overview, Authorizations: o.authorizations, Origin: origin, Token: token,
		Routing: o.staff, People: o.staff, Keys: o.staff, Connections: o.staff,
	})
	return o
}

func (o office) do(verb, address string, header http.Header) *http.Response {
	return o.send(verb, address, header, "")
}

func (o office) send(verb, address string, header http.Header, body string) *http.Response {
	r := httptest.NewRequest(verb, address, strings.NewReader(body))
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	return w.Result()
}

// as the admin's own program asks.
func (o office) ask(verb, address string) *http.Response {
	return o.do(verb, address, http.Header{"Authorization": {"Bearer " + token}})
}

// browse is as a browser asks, with the cookies of earlier answers.
func (o office) browse(address string, cookies ...*http.Cookie) *http.Response {
	h := http.Header{}
	for _, c := range cookies {
		h.Add("Cookie", c.Name+"="+c.Value)
	}
	return o.do(http.MethodGet, address, h)
}

func body(r *http.Response) string {
	text, _ := io.ReadAll(r.Body)
	return string(text)
}

func TestOnlyTheTokenOpensTheAPI(t *testing.T) {
	for _, c := range []struct {
		name   string
		sent   []string
		opened bool
	}{
		{"right", []string{"Bearer " + token}, true},
		{"missing", nil, false},
		{"wrong", []string{"Bearer let-me-out"}, false},
		{"beginning", []string{"Bearer let-me"}, false},
		{"longer", []string{"Bearer " + token + "x"}, false},
		{"another scheme", []string{"Basic " + token}, false},
		{"no scheme", []string{token}, false},
		{"doubled", []string{"Bearer " + token, "Bearer " + token}, false},
		{"right behind wrong", []string{"Bearer wrong", "Bearer " + token}, false},
		{"empty", []string{"Bearer "}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := open(t) // whose mocks fail the test if they are asked anything
			if c.opened {
				o.overview.EXPECT().Statuses().Return([]portal.Status{{ID: "wiki", State: portal.Ready}}).Once()
				if r := o.do(http.MethodGet, "/servers", http.Header{"Authorization": c.sent}); r.StatusCode != http.StatusOK {
					t.Errorf("status %d", r.StatusCode)
				}
				return
			}
			for _, each := range []string{"GET /servers", "GET /servers/wiki", "POST /servers/wiki/sync", "POST /servers/wiki/authorization",
				"GET /portal", "PATCH /portal", "GET /grants", "POST /people/a/revoke", "POST /people/a/expire", "POST /keys/rotate", "DELETE /people/a/servers/wiki"} {
				verb, path, _ := strings.Cut(each, " ")
				r := o.do(verb, path, http.Header{"Authorization": c.sent})
				if r.StatusCode != http.StatusUnauthorized || r.Header.Get("Www-Authenticate") == "" {
					t.Errorf("%s: status %d, challenge %q", each, r.StatusCode, r.Header.Get("Www-Authenticate"))
				}
			}
			if len(o.staff.did) > 0 {
				t.Errorf("done without the token: %v", o.staff.did)
			}
		})
	}
}

func TestWithoutATokenNobodyGetsIn(t *testing.T) {
	h := admin.New(admin.Config{Overview: NewMockOverview(t), Authorizations: NewMockAuthorizations(t), Origin: origin})
	for _, sent := range []string{"Bearer ", "Bearer", ""} {
		if r := (office{Handler: h}).do(http.MethodGet, "/servers", http.Header{"Authorization": {sent}}); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%q: status %d", sent, r.StatusCode)
		}
	}
}

func TestAnswers(t *testing.T) {
	wiki := portal.Status{ID: "wiki", Name: "Wiki", URL: "https://wiki.example/mcp", AuthType: portal.None, State: portal.Ready, Tools: 2}
	const wikiJSON = `{"id":"wiki","name":"Wiki","hostname":"https://wiki.example/mcp","auth_type":"unauthenticated","status":"ready",` +
		`"last_synced":null,"last_successful_sync":null,"tools":2,"prompts":0}`
	unknown := `{"errors":[{"message":"no such server"}],"success":false}`
	for _, c := range []struct {
		name, verb, path string
		expect           func(office)
		status           int
		body             string
	}{
		{"list", "GET", "/servers", func(o office) { o.overview.EXPECT().Statuses().Return([]portal.Status{wiki}) }, 200, `{"result":[` + wikiJSON + `],"success":true}`},
		{"none", "GET", "/servers", func(o office) { o.overview.EXPECT().Statuses().Return([]portal.Status{}) }, 200, `{"result":[],"success":true}`},
		{"show", "GET", "/servers/wiki", func(o office) { o.overview.EXPECT().Status("wiki").Return(wiki, nil) }, 200, `{"result":` + wikiJSON + `,"success":true}`},
		{"show unknown", "GET", "/servers/x", func(o office) { o.overview.EXPECT().Status("x").Return(portal.Status{}, portal.ErrUnknownServer) }, 404, unknown},
		{"sync", "POST", "/servers/wiki/sync", func(o office) { o.overview.EXPECT().Sync(mock.Anything, "wiki").Return(wiki, nil) }, 200, `{"result":` + wikiJSON + `,"success":true}`},
		{"sync unknown", "POST", "/servers/x/sync", func(o office) {
			o.overview.EXPECT().Sync(mock.Anything, "x").Return(portal.Status{}, portal.ErrUnknownServer)
		}, 404, unknown},
		{"authorize unknown", "POST", "/servers/x/authorization", func(o office) {
			o.authorizations.EXPECT().AuthorizeAdmin(mock.Anything, "x").Return("", portal.ErrUnknownServer)
		}, 404, unknown},
		{"authorize without OAuth", "POST", "/servers/wiki/authorization", func(o office) {
			o.authorizations.EXPECT().AuthorizeAdmin(mock.Anything, "wiki").Return("", portal.ErrNoAuthorization)
		}, 409, `{"errors":[{"message":"the server wants no OAuth credential"}],"success":false}`},
		{"authorize in vain", "POST", "/servers/wiki/authorization", func(o office) {
			o.authorizations.EXPECT().AuthorizeAdmin(mock.Anything, "wiki").Return("", errors.New("no answer"))
		}, 502, `{"errors":[{"message":"no answer"}],"success":false}`},
		{"another verb", "GET", "/servers/wiki/sync", func(office) {}, 405, "Method Not Allowed\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := open(t)
			c.expect(o)
			r := o.ask(c.verb, c.path)
			if diff := cmp.Diff(c.body, strings.TrimSuffix(body(r), "\n")+map[bool]string{true: "\n"}[c.status == 405]); r.StatusCode != c.status || diff != "" {
				t.Errorf("status %d, %s", r.StatusCode, diff)
			}
		})
	}
}

// ticket begins an authorization and gives the path to open in a browser.
func (o office) ticket(t *testing.T) string {
	t.Helper()
	o.authorizations.EXPECT().AuthorizeAdmin(mock.Anything, "wiki").Return(as, nil).Once()
	var answer struct{ Result struct{ URL string } }
	if err := json.NewDecoder(o.ask(http.MethodPost, "/servers/wiki/authorization").Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	path, ok := strings.CutPrefix(answer.Result.URL, origin)
	if !ok || !strings.HasPrefix(path, "/authorize/") || strings.Contains(path, "s-1") {
		t.Fatalf("the address to open is %q", answer.Result.URL)
	}
	return path
}

// taken is the cookie of a browser that opened a new ticket.
func (o office) taken(t *testing.T) *http.Cookie {
	t.Helper()
	r := o.browse(o.ticket(t))
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != as || len(r.Cookies()) != 1 {
		t.Fatalf("status %d, to %q, cookies %v", r.StatusCode, r.Header.Get("Location"), r.Cookies())
	}
	return r.Cookies()[0]
}

func TestATicketIsGoodOnce(t *testing.T) {
	o := open(t)
	path := o.ticket(t)
	first, second := o.browse(path), o.browse(path)
	if first.StatusCode != http.StatusSeeOther || second.StatusCode != http.StatusNotFound || len(second.Cookies()) != 0 {
		t.Errorf("first %d, then %d with cookies %v", first.StatusCode, second.StatusCode, second.Cookies())
	}
	c := first.Cookies()[0]
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie: %v", c)
	}
	if r := o.browse("/authorize/guessed"); r.StatusCode != http.StatusNotFound {
		t.Errorf("a guessed ticket: status %d", r.StatusCode)
	}
}

func TestATicketIsGoodForTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t)
		early, late := o.ticket(t), o.ticket(t)
		<-time.After(10*time.Minute - time.Second)
		cookie := o.browse(early).Cookies()[0]
		<-time.After(time.Second)
		if r := o.browse(late); r.StatusCode != http.StatusNotFound {
			t.Errorf("a late browser: status %d", r.StatusCode)
		}
		if r := o.browse("/servers-callback?code=c&state=s-1", cookie); r.StatusCode != http.StatusForbidden {
			t.Errorf("a late answer: status %d", r.StatusCode)
		}
	})
}

func TestTheAnswerIsTakenFromTheBrowserThatWasSent(t *testing.T) {
	for _, c := range []struct {
		name, query string
		cookies     func(own *http.Cookie) []*http.Cookie
		status      int
	}{
		{"own", "code=c&state=s-1", func(own *http.Cookie) []*http.Cookie { return []*http.Cookie{own} }, 200},
		{"no cookie", "code=c&state=s-1", func(*http.Cookie) []*http.Cookie { return nil }, 403},
		{"another's cookie", "code=c&state=s-1", func(own *http.Cookie) []*http.Cookie {
			return []*http.Cookie{{Name: own.Name, Value: "another"}}
		}, 403},
		{"empty cookie", "code=c&state=s-1", func(own *http.Cookie) []*http.Cookie { return []*http.Cookie{{Name: own.Name}} }, 403},
		{"another state", "code=c&state=s-2", func(own *http.Cookie) []*http.Cookie { return []*http.Cookie{own} }, 403},
		{"no state", "code=c", func(own *http.Cookie) []*http.Cookie { return []*http.Cookie{own} }, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := open(t)
			cookie := o.taken(t)
			if c.status == http.StatusOK {
				o.authorizations.EXPECT().AdminAuthorized(mock.Anything, url.Values{"code": {"c"}, "state": {"s-1"}}).Return("wiki", nil).Once()
			}
			r := o.browse("/servers-callback?"+c.query, c.cookies(cookie)...)
			if r.StatusCode != c.status {
				t.Errorf("status %d, want %d", r.StatusCode, c.status)
			}
			if again := o.browse("/servers-callback?"+c.query, cookie); c.status == 200 && again.StatusCode != http.StatusForbidden {
				t.Errorf("the same answer again: status %d", again.StatusCode)
			}
		})
	}
}

func TestATicketIsNoAnswer(t *testing.T) {
	o := open(t)
	path := o.ticket(t)
	id := strings.TrimPrefix(path, "/authorize/")
	if r := o.browse("/servers-callback?code=c&state="+id, &http.Cookie{Name: "__Host-portico-admin", Value: ""}); r.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", r.StatusCode)
	}
}

func TestARefusedAuthorizationIsToldAsSuch(t *testing.T) {
	o := open(t)
	cookie := o.taken(t)
	o.authorizations.EXPECT().AdminAuthorized(mock.Anything, mock.Anything).Return("<wiki>", context.DeadlineExceeded).Once()
	r := o.browse("/servers-callback?error=access_denied&state=s-1", cookie)
	page := body(r)
	if r.StatusCode != http.StatusBadGateway || strings.Contains(page, "<wiki>") || strings.Contains(page, "deadline") {
		t.Errorf("status %d: %s", r.StatusCode, page)
	}
	if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("the page can be framed: %q", csp)
	}
}
