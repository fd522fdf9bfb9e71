package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/client"
)

// site is a handler whose pages are written by path.
type site struct {
	diary
	pages map[string]http.HandlerFunc
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := read(r)
	s.note(seen)
	r.Body = io.NopCloser(strings.NewReader(seen.body))
	if page := s.pages[r.URL.Path]; page != nil {
		page(w, r)
		return
	}
	page(w, http.StatusNotFound, "Nothing here", "")
}

func (s *site) open(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

func (s *site) visited() []string {
	var all []string
	for _, e := range s.entries() {
		all = append(all, strings.TrimSpace(e.verb+" "+e.path+" "+e.body))
	}
	return all
}

func show(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { page(w, http.StatusOK, "A page", body) }
}

func send(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

func at(prefix string) func(*url.URL) bool {
	return func(u *url.URL) bool { return strings.HasPrefix(u.String(), prefix) }
}

const callback = "http://127.0.0.1:9/callback"

func alice() *client.Browser {
	return client.NewBrowser(nil, client.Login{Username: "alice", Password: password})
}

func TestLabelsArePressedInTheirOrder(t *testing.T) {
	post := func(action, label string) string {
		return `<form method="post" action="` + action + `"><input type="hidden" name="csrf_token" value="t"><button>` + label + `</button></form>`
	}
	s := &site{pages: map[string]http.HandlerFunc{
		"/servers": show(`<a href="/done">Done</a>` + post("/connect/mail", "Connect mail") + post("/connect/news", "Connect") +
			`<p>wiki: Connected</p><a href="/trap">Connected servers</a><button disabled>Connect</button><form hidden action="/trap"><button>Connect</button></form>`),
		"/connect/mail": send(303, "/login"),
		"/connect/news": send(303, "/servers"),
		"/login": show(`<a href="/trap">Continue with something else</a>
			<form method="post" action="/password"><input type="hidden" name="tx" value="7"><input name="login"><input type="password" name="pass"><button>Sign in</button></form>`),
		"/password": show(`<a href="/trap">Continue</a>` + post("/allow", "  Authorize\n this")),
		"/allow":    send(303, "/servers"),
		"/done":     send(302, callback+"?code=1"),
	}}
	back, err := alice().Visit(t.Context(), s.open(t)+"/servers", at(callback))
	if err != nil || back.String() != callback+"?code=1" {
		t.Fatalf("got %v, %v", back, err)
	}
	want := []string{
		"GET /servers", "POST /connect/mail csrf_token=t", "GET /login", "POST /password login=alice&pass=correct+horse&tx=7",
		"POST /allow csrf_token=t", "GET /servers", "POST /connect/news csrf_token=t", "GET /servers", "GET /done",
	}
	if diff := cmp.Diff(want, s.visited()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestPagesAreRemembered(t *testing.T) {
	s := &site{pages: map[string]http.HandlerFunc{
		"/a": show(`<h1>Hello,</h1> <b>world</b><script>x</script><p hidden>secret</p><a href="/b">Continue</a>`),
		"/b": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no\nmore", http.StatusTeapot) },
	}}
	origin := s.open(t)
	b := alice()
	last, err := b.Visit(t.Context(), origin+"/a", nil)
	if err != nil || last.Path != "/b" {
		t.Fatalf("got %v, %v", last, err)
	}
	want := []client.Page{
		{URL: origin + "/a", Status: 200, Title: "A page", Text: "Hello, world Continue", Labels: []string{"Continue"}},
		{URL: origin + "/b", Status: 418, Text: "no more"},
	}
	if diff := cmp.Diff(want, b.Pages()); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestABrowserThatIsStuckSaysWhere(t *testing.T) {
	w := openTown(t)
	b := client.NewBrowser(nil, client.Login{Username: "alice", Password: "wrong"})
	_, err := b.Visit(t.Context(), w.origin+"/authorize?state=secret", at(callback))
	var stuck *client.StuckError
	if !errors.As(err, &stuck) || stuck.Page.Status != http.StatusUnauthorized || stuck.Page.Title != "Sign in" {
		t.Fatalf("got %v", err)
	}
	if len(w.at("/login")) != 1 {
		t.Errorf("the wrong password was typed %d times", len(w.at("/login")))
	}
	if !strings.Contains(err.Error(), w.origin+"/login") || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error is %v", err)
	}
}

func TestRefusing(t *testing.T) {
	for _, test := range []struct {
		name    string
		options func(origin string) []client.BrowserOption
		want    string
	}{
		{"nothing", func(string) []client.BrowserOption { return nil }, "allow"},
		{"Allow", func(string) []client.BrowserOption { return []client.BrowserOption{client.Refusing("Allow")} }, "deny"},
		{"Allow here", func(o string) []client.BrowserOption {
			return []client.BrowserOption{client.RefusingAt(o+"/login", "Allow")}
		}, "deny"},
		{"Allow elsewhere", func(o string) []client.BrowserOption {
			return []client.BrowserOption{client.RefusingAt(o+"/x", "Allow")}
		}, "allow"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openTown(t)
			b := client.NewBrowser(nil, client.Login{Username: "alice", Password: password}, test.options(w.origin)...)
			_, err := w.alice(func(c *client.Config) { c.Browser = b }).Connect(t.Context())
			if denied := err != nil && strings.Contains(err.Error(), "access_denied"); denied != (test.want == "deny") {
				t.Errorf("got %v", err)
			}
			if got := form(t, w.at("/consent")[0]).Get("decision"); got != test.want {
				t.Errorf("decided to %s, want %s", got, test.want)
			}
		})
	}
}

func TestRefusingToConnectGoesOn(t *testing.T) {
	s := &site{pages: map[string]http.HandlerFunc{
		"/servers": show(`<a href="/connect">Connect</a><a href="` + callback + `">Done</a>`),
	}}
	b := client.NewBrowser(nil, client.Login{}, client.Refusing("Connect"))
	if _, err := b.Visit(t.Context(), s.open(t)+"/servers", at(callback)); err != nil {
		t.Fatal(err)
	}
	if len(s.entries()) != 1 {
		t.Errorf("requests %v", s.visited())
	}
}

func TestRedirects(t *testing.T) {
	for status, want := range map[int]string{
		301: "GET /b", 302: "GET /b", 303: "GET /b", 307: "POST /b x=1", 308: "POST /b x=1",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s := &site{pages: map[string]http.HandlerFunc{
				"/":  show(`<form method="post" action="/a"><input type="hidden" name="x" value="1"><button>Continue</button></form>`),
				"/a": send(status, "b"),
				"/b": show("the end"),
			}}
			if _, err := alice().Visit(t.Context(), s.open(t)+"/", nil); err != nil {
				t.Fatal(err)
			}
			if got := s.visited()[2]; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestWhatHasNoEnd(t *testing.T) {
	n := 0
	s := &site{pages: map[string]http.HandlerFunc{
		"/round": send(302, "/round"),
		"/next": func(w http.ResponseWriter, _ *http.Request) {
			n++
			page(w, 200, "Next", fmt.Sprintf(`<a href="/next?%d">Continue</a>`, n))
		},
		"/app": send(302, "app://callback"),
	}}
	origin := s.open(t)
	for path, want := range map[string]string{"/round": "redirects have no end", "/next": "pages have no end", "/app": "app is no page of the web"} {
		if _, err := alice().Visit(t.Context(), origin+path, at(callback)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if rounds := len(s.at("/round")); rounds != 31 {
		t.Errorf("%d requests for 30 hops", rounds)
	}
	if back, err := alice().Visit(t.Context(), origin+"/app", at("app://")); err != nil || back.Scheme != "app" {
		t.Errorf("a private scheme can be where a visit ends: got %v, %v", back, err)
	}
}

func TestCookies(t *testing.T) {
	set := func(cookies ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for _, c := range cookies {
				w.Header().Add("Set-Cookie", c)
			}
			page(w, 200, "Set", "")
		}
	}
	s := &site{pages: map[string]http.HandlerFunc{
		"/set": set("__Host-a=1; Path=/; Secure", "__Host-path=1; Path=/set; Secure", "__Host-open=1; Path=/", "__Host-domain=1; Path=/; Secure; Domain=127.0.0.1",
			"__Secure-b=1; Secure; Path=/", "__Secure-open=1; Path=/", "c=1; Path=/", "gone=1; Path=/; Max-Age=0", "deep=1; Path=/set"),
		"/show": show(""),
	}}
	first, second := s.open(t), s.open(t) // two ports of one host
	b := alice()
	for _, place := range []string{first + "/set", second + "/show"} {
		if _, err := b.Get(t.Context(), place); err != nil {
			t.Fatal(err)
		}
	}
	got := s.at("/show")[0].header.Get("Cookie")
	if diff := cmp.Diff("__Host-a=1; __Secure-b=1; c=1", got); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	if _, err := alice().Get(t.Context(), first+"/show"); err != nil {
		t.Fatal(err)
	}
	if got := s.at("/show")[1].header.Get("Cookie"); got != "" {
		t.Errorf("another browser has the cookies %s", got)
	}
}

// localhost and 127.0.0.1 are two sites; cookies keep to SameSite between them.
func TestSameSite(t *testing.T) {
	s := &site{}
	origin := s.open(t)
	other := strings.Replace(origin, "127.0.0.1", "localhost", 1)
	s.pages = map[string]http.HandlerFunc{
		"/set": func(w http.ResponseWriter, _ *http.Request) {
			for _, c := range []string{"none=1; Secure; SameSite=None", "lax=1; SameSite=Lax", "strict=1; SameSite=Strict", "silent=1"} {
				w.Header().Add("Set-Cookie", c)
			}
			page(w, 200, "Set", "")
		},
		"/link": show(`<a href="` + origin + `/here">Continue</a>`),
		"/form": show(`<form method="post" action="` + origin + `/here"><button>Continue</button></form>`),
		"/here": show(""),
	}
	b := alice()
	for _, place := range []string{origin + "/set", other + "/link", other + "/form", origin + "/link", origin + "/here"} {
		if _, err := b.Visit(t.Context(), place, nil); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, e := range s.at("/here") {
		got = append(got, e.verb+" "+e.header.Get("Sec-Fetch-Site")+": "+e.header.Get("Cookie"))
	}
	want := []string{
		"GET cross-site: none=1; lax=1; silent=1", "POST cross-site: none=1",
		"GET same-origin: none=1; lax=1; strict=1; silent=1", "GET none: none=1; lax=1; strict=1; silent=1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what arrived (-want +got):\n%s", diff)
	}
}

func TestTheOriginOfAForm(t *testing.T) {
	form := `<form method="post" action="/here"><button>Continue</button></form>`
	s := &site{pages: map[string]http.HandlerFunc{
		"/open": show(form),
		"/secretive": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Referrer-Policy", "no-referrer")
			page(w, 200, "A page", form)
		},
		"/here": show(""),
	}}
	origin := s.open(t)
	for _, path := range []string{"/open", "/secretive"} {
		if _, err := alice().Visit(t.Context(), origin+path, nil); err != nil {
			t.Fatal(err)
		}
	}
	here := s.at("/here")
	if here[0].header.Get("Origin") != origin || here[1].header.Get("Origin") != "null" || here[1].header.Get("Sec-Fetch-Site") != "same-origin" {
		t.Errorf("origins %q and %q, from %q", here[0].header.Get("Origin"), here[1].header.Get("Origin"), here[1].header.Get("Sec-Fetch-Site"))
	}
	if !strings.HasPrefix(here[0].header.Get("Accept"), "text/html") || here[0].header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("the form's head is %v", here[0].header)
	}
}

func TestTheButtonSaysWhereAFormGoes(t *testing.T) {
	s := &site{pages: map[string]http.HandlerFunc{
		"/get":   show(`<a href="/there">Continue</a>`),
		"/there": show(`<form method="post" action="/wrong"><button formaction="/right" name="b" value="v">Done</button></form>`),
		"/right": show(""),
	}}
	if _, err := alice().Visit(t.Context(), s.open(t)+"/get", nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GET /get", "GET /there", "POST /right b=v"}, s.visited()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestAFormSentByGet(t *testing.T) {
	var got url.Values
	s := &site{pages: map[string]http.HandlerFunc{
		"/get": show(`<form action="/there?old=1"><input name="q" value="a&amp;b"><input type="checkbox" name="on" checked><input type="checkbox" name="off">
			<select name="s"><option>one</option><option value="2" selected>two</option></select><textarea name="t">text</textarea>
			<input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked><input name="no" disabled value="1">
			<input type="submit" name="go" value="Continue"></form>`),
		"/there": func(w http.ResponseWriter, r *http.Request) { got = r.URL.Query(); page(w, 200, "There", "") },
	}}
	if _, err := alice().Visit(t.Context(), s.open(t)+"/get", nil); err != nil {
		t.Fatal(err)
	}
	want := url.Values{"q": {"a&b"}, "on": {"on"}, "s": {"2"}, "t": {"text"}, "r": {"2"}, "go": {"Continue"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the form (-want +got):\n%s", diff)
	}
}
