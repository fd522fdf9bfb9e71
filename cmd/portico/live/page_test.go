package live_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/simulators/trace"
)

// reader is a browser without script that has opened the page of a town.
type reader struct {
	*neighbourhood
	http *http.Client
}

func read(t *testing.T, n *neighbourhood) *reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{n, &http.Client{Jar: jar}}
	res, _ := r.get("/open?token=" + n.Token)
	if res.Request.URL.RequestURI() != "/" {
		t.Fatalf("the browser is at %s", res.Request.URL)
	}
	return r
}

func (r *reader) get(path string) (*http.Response, string) {
	r.t.Helper()
	return r.do(http.MethodGet, path, nil)
}

func (r *reader) do(method, path string, form url.Values, edit ...func(*http.Request)) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.control.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", r.control.URL)
	}
	for _, each := range edit {
		each(req)
	}
	res, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, string(b)
}

// press sends a form of the page and reads the page that comes after.
func (r *reader) press(form url.Values) string {
	r.t.Helper()
	res, page := r.do(http.MethodPost, "/act", form)
	if res.StatusCode != http.StatusOK || res.Request.Method != http.MethodGet || !res.Request.URL.Query().Has("done") {
		r.t.Fatalf("after %v the browser is at %s %s: %d", form, res.Request.Method, res.Request.URL, res.StatusCode)
	}
	return page
}

func has(t *testing.T, page string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			t.Errorf("no %q on the page\n%s", want, page)
		}
	}
}

func TestThePageIsForWhoHasTheToken(t *testing.T) {
	n := open(t)
	n.well("wiki_search")
	r := read(t, n)
	first := n.Network.News(0, 1).Seen[0].ID
	for _, path := range []string{"/", "/state", fmt.Sprintf("/exchange/%d", first), "/?at=wiki&match=status%3D200", "/?match=nonsense%3D1", "/?before=30"} {
		res, _ := r.get(path)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d to who has the cookie", path, res.StatusCode)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":  "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got, want)
			}
		}
		stranger, err := http.Get(n.control.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(stranger.Body)
		_ = stranger.Body.Close()
		if stranger.StatusCode != http.StatusUnauthorized || !bytes.Contains(said, []byte("portico up")) || bytes.Contains(said, []byte("badgers")) {
			t.Errorf("%s answers a stranger %d: %s", path, stranger.StatusCode, said)
		}
	}
	for _, path := range []string{"/events", "/open?token=wrong", "/open"} {
		if res, err := http.Get(n.control.URL + path); err != nil || res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s answers a stranger %v %v", path, res.Status, err)
		}
	}
	if res, _ := r.get("/exchange/999999"); res.StatusCode != http.StatusNotFound {
		t.Errorf("an exchange that never was: %d", res.StatusCode)
	}
}

func TestTheCookieStaysWithThePage(t *testing.T) {
	n := open(t)
	once := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := once.Get(n.control.URL + "/open?token=" + n.Token)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	set := res.Header.Get("Set-Cookie")
	has(t, set, "HttpOnly", "SameSite=Strict", "Path=/")
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/" {
		t.Errorf("%d to %s", res.StatusCode, res.Header.Get("Location"))
	}
}

func TestThePageShowsTheTown(t *testing.T) {
	n := open(t)
	n.well("wiki_search")
	n.fault("fail", live.Order{Args: []string{"tickets", "503"}, Times: 3})
	_, page := read(t, n).get("/")
	has(t, page, n.Endpoint, `href="/openapi.json"`, "alice-likes-badgers", "<b>wiki_search</b>", "alice → access", "portal → wiki",
		`data-from="portal" data-to="wiki"`, `data-from="gateway" data-to="mail"`, `data-from="portal" data-to="mail-as"`,
		"calls go round it", "fail 503", "alice&#39;s client: token until", ">token-")
	for _, v := range live.Verbs() {
		has(t, page, `id="v-`+v.Name+`"`, `name="verb" value="`+v.Name+`"`)
	}
	if strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "<no value>") {
		t.Error("the page has holes")
	}
	if secret := regexp.MustCompile(`Bearer [\w-]{20,}|eyJ[\w-]{20,}`).FindString(page); secret != "" {
		t.Errorf("the page shows %s", secret)
	}
}

func TestFormsAct(t *testing.T) {
	n := open(t)
	n.well("mail_whoami")
	r := read(t, n)
	has(t, r.press(url.Values{"verb": {"expire"}, "a0": {"alice"}, "back": {"people"}}), "alice&#39;s access tokens have ended", "mail: token has ended")
	before := n.Network.Latest()
	n.well("mail_whoami")
	if (seen{t, n.since(before)}).refreshes("alice", "access") == 0 {
		t.Error("alice's client did not refresh: nothing had ended")
	}
	page := r.press(url.Values{"verb": {"fail"}, "a0": {"wiki"}, "a1": {"502"}, "times": {"2"}, "on": {"tools/call"}, "chance": {"1"}, "seed": {"7"}, "back": {"do"}})
	has(t, page, "wiki: fail 502 on tools/call", "seed 7", ">1</text>")
	n.call("wiki_search").says("502")
	has(t, r.press(url.Values{"verb": {"clear"}, "a0": {"wiki"}, "a1": {"fail"}, "back": {"faults"}}), "1 faults have ended", "everybody is well")
	n.well("wiki_search")
	has(t, r.press(url.Values{"verb": {"gateway"}, "a0": {"on"}, "back": {"do"}}), "calls go through it")
	has(t, r.press(url.Values{"verb": {"restart"}, "a0": {"nobody"}, "back": {"servers"}}), "Not done:", "is no server of ours")
	has(t, r.press(url.Values{"verb": {"fail"}, "a0": {"wiki"}, "times": {"often"}}), "Not done:", "times")
}

func TestThePageCallsTools(t *testing.T) {
	n := open(t)
	r := read(t, n)
	_, page := r.do(http.MethodPost, "/act/call", url.Values{"as": {"bob"}, "tool": {"wiki_count"}, "args": {"to:=2"}})
	has(t, page, "Result:", "wiki_count as bob", "bob → access", "portal → wiki")
	_, page = r.do(http.MethodPost, "/act/call", url.Values{"tool": {"wiki_search"}, "args": {`{"query":"badgers"}`}})
	has(t, page, "3 pages about badgers")
	_, page = r.do(http.MethodPost, "/act/call", url.Values{"tool": {"wiki_search"}, "args": {"badgers"}})
	has(t, page, "Not done:", "is no argument")
	_, page = r.do(http.MethodPost, "/act/call", url.Values{"tool": {"wiki_fail"}})
	has(t, page, "The tool failed:")
	_, page = r.get("/?tool=wiki_count")
	has(t, page, `value="wiki_count"`, "to:=3</textarea>")
}

func TestOrdersComeFromThePageAlone(t *testing.T) {
	n := open(t)
	r := read(t, n)
	form := url.Values{"verb": {"fail"}, "a0": {"wiki"}}
	for _, origin := range []string{"http://evil.example", "null", "", "https://" + strings.TrimPrefix(n.control.URL, "http://")} {
		for _, path := range []string{"/act", "/act/call"} {
			res, _ := r.do(http.MethodPost, path, form, func(req *http.Request) { req.Header.Set("Origin", origin) })
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("%s from %q answers %d", path, origin, res.StatusCode)
			}
		}
	}
	if len(n.Ailing()) > 0 {
		t.Error("a foreign page broke the town")
	}
	_, page := r.get("/?done=" + url.QueryEscape("<b>pwned</b>"))
	if strings.Contains(page, "pwned") {
		t.Error("an address puts words on the page")
	}
}

func TestWhatComesOverTheWireIsInert(t *testing.T) {
	n := open(t)
	const evil = "<script>alert(1)</script>\u202e\x1b[2J\"'><img src=x onerror=alert(2)>"
	if err := n.Servers["wiki"].RenameTool("search", evil); err != nil {
		t.Fatal(err)
	}
	n.order("sync", "wiki")
	n.callAs(live.Call{As: "alice", Tool: "wiki_" + evil})
	req, err := http.NewRequest(http.MethodPost, n.Origins["access"]+"/mcp?"+url.QueryEscape(evil), strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"</pre>`+"<script>alert(3)</script>\u202e"+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Evil", "\"><script>alert(4)</script>\u202e")
	req.Header.Set("Authorization", "<svg/onload=alert(5)> <svg/onload=alert(6)>")
	req.Header.Set("User-Agent", "Mozilla/5.0 <script>alert(7)</script>")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	r := read(t, n)
	paths := []string{"/", "/?match=" + url.QueryEscape(evil), "/?at=" + url.QueryEscape(evil), "/?tool=" + url.QueryEscape(evil), "/state"}
	for _, s := range n.Network.News(0, 0).Seen {
		paths = append(paths, fmt.Sprintf("/exchange/%d", s.ID), fmt.Sprintf("/exchange/%d?part", s.ID))
	}
	shown := ""
	for _, path := range paths {
		_, page := r.get(path)
		page = regexp.MustCompile(` value="[^"]*"`).ReplaceAllString(page, "") // a form gives back what it was given
		shown += page
		for _, never := range []string{"<script>", "<img", "<svg/", "onload=alert(5)\"", "\u202e", "\x1b"} {
			if strings.Contains(page, never) {
				t.Errorf("%s has %q", path, never)
			}
		}
	}
	has(t, shown, "&lt;script&gt;alert(1)", "⟨U&#43;202E⟩", "␛", "&lt;script&gt;alert(4)")
}

func TestAnExchangeIsShownWhole(t *testing.T) {
	n := open(t)
	n.well("wiki_search")
	big := strings.Repeat("ü", 80<<10)
	n.callAs(live.Call{As: "alice", Tool: "wiki_echo", Args: map[string]any{"big": big}})
	r := read(t, n)
	pages := map[string]string{}
	for _, s := range n.Network.News(0, 0).Seen {
		_, page := r.get(fmt.Sprintf("/exchange/%d", s.ID))
		pages[fmt.Sprintf("%s %s %s", s.From, s.To, s.Asked().Name())] = page
		pages[fmt.Sprintf("%s %s %s", s.From, s.To, s.Path())] = page
	}
	has(t, pages["portal wiki search"], "JSON-RPC request", "JSON-RPC result", "&#34;query&#34;: &#34;badgers&#34;", "Upstream request", "access → portal", `rel="prev"`)
	has(t, pages["access portal wiki_search"], "portal → wiki", "alice → access", ">assertion-")
	has(t, pages["alice access /oauth/token"], "grant_type = ", "<h4>form</h4>")
	if page := pages["portal wiki echo"]; len(page) > 200<<10 || !strings.Contains(page, "Cut: the first 64 KB of 160.") || strings.ContainsRune(page, '\uFFFD') {
		t.Errorf("a large body makes a page of %d bytes", len(page))
	}
}

func TestTheJournalIsNarrowed(t *testing.T) {
	n := open(t)
	n.well("wiki_search")
	n.well("mail_whoami")
	r := read(t, n)
	entries := func(query string) string {
		_, page := r.get("/?" + query)
		_, rest, _ := strings.Cut(page, `id="entries"`)
		list, _, _ := strings.Cut(rest, "</ol>")
		return list
	}
	for query, want := range map[string][2]string{
		"at=wiki":                            {"portal → wiki", "mail"},
		"at=%28clients%29":                   {"alice → access", "portal → "},
		"at=%28browsers%29":                  {"alice.browser → ", "portal → "},
		"match=to%3Dmail+method%3Dtools%2F*": {"<b>whoami</b>", "wiki"},
		"match=token-&at=access":             {"token-", "portal → "},
	} {
		list := entries(query)
		if !strings.Contains(list, want[0]) || strings.Contains(list, want[1]) {
			t.Errorf("%s wants %q and no %q:\n%s", query, want[0], want[1], list)
		}
	}
	if _, page := r.get("/?match=colour%3Dred"); !strings.Contains(page, "match by from, to") {
		t.Error("a filter that is not understood is not explained")
	}
}

func TestTheJournalIsReadInPages(t *testing.T) {
	n := open(t)
	flood(n, 500)
	r := read(t, n)
	seen := map[string]int{}
	path := "/"
	for pages := 0; path != ""; pages++ {
		if pages > 20 {
			t.Fatal("the pages do not end")
		}
		_, page := r.get(path)
		for _, id := range regexp.MustCompile(`data-id="(\d+)"`).FindAllStringSubmatch(page, -1) {
			seen[id[1]]++
		}
		path = ""
		if older := regexp.MustCompile(`href="/\?&amp;before=(\d+)`).FindStringSubmatch(page); older != nil {
			path = "/?before=" + older[1]
		}
	}
	for _, s := range n.Network.News(0, 0).Seen {
		if id := strconv.Itoa(s.ID); seen[id] != 1 {
			t.Fatalf("exchange %s is on %d pages", id, seen[id])
		}
	}
}

// flood lets somebody ask the identity provider for its keys so many times.
func flood(n *neighbourhood, times int) {
	n.t.Helper()
	dial, err := n.Client("alice", trace.Client)
	if err != nil {
		n.t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range times / 10 {
				res, err := dial.Get(n.Origins["idp"] + "/.well-known/openid-configuration")
				if err != nil {
					n.t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
	all.Wait()
}

// news is an event of the stream.
type news struct {
	id   string
	Rows string
	Hops []struct {
		From, To      string
		Count, Failed int
	}
	Left int
}

// follow opens the stream and gives its events; it ends with the context.
func (r *reader) follow(ctx context.Context, query, last string) <-chan news {
	r.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.control.URL+"/events?"+query, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		r.t.Fatalf("the stream: %s %s", res.Status, res.Header.Get("Content-Type"))
	}
	all := make(chan news, 1000)
	go func() {
		defer close(all)
		defer res.Body.Close()
		var n news
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				n = news{id: id}
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(data), &n) == nil {
				all <- n
			}
		}
	}()
	return all
}

func TestTheStreamTellsAndResumes(t *testing.T) {
	n := open(t)
	r := read(t, n)
	ctx, leave := context.WithCancel(t.Context())
	stream := r.follow(ctx, "", "")
	n.well("wiki_search")
	var rows, last string
	passed := map[string]int{}
	for passed["portal wiki"] == 0 || passed["(clients) access"] == 0 || !strings.Contains(rows, "<b>wiki_search</b>") {
		e, ok := <-stream
		if !ok {
			t.Fatal("the stream ended")
		}
		rows, last = rows+e.Rows, e.id
		for _, h := range e.Hops {
			passed[h.From+" "+h.To] += h.Count
		}
	}
	leave()
	for range stream { // it ends
	}
	n.call("mail_whoami") // while nobody listens
	ctx, leave = context.WithCancel(t.Context())
	defer leave()
	if e := <-r.follow(ctx, "match=to%3Dmail", last); !strings.Contains(e.Rows, "portal → mail") || strings.Contains(e.Rows, "wiki") || len(e.Hops) < 3 {
		t.Errorf("what happened meanwhile: %+v", e)
	}
}

func TestTheStreamEndsWithWhoListensAndWithTheServer(t *testing.T) {
	n := open(t)
	handler, ended := live.Handler(n.Town, live.Ready{}), make(chan bool)
	ctx, closeTown := context.WithCancel(t.Context())
	defer closeTown()
	for _, end := range []string{"listener", "server"} {
		listening, leave := context.WithCancel(ctx)
		req := httptest.NewRequestWithContext(listening, http.MethodGet, "http://127.0.0.1/events", nil)
		req.Header.Set("Authorization", "Bearer "+n.Token)
		go func() {
			handler.ServeHTTP(httptest.NewRecorder(), req)
			ended <- true
		}()
		if end == "server" {
			closeTown() // the base of every request, as `portico up` has it
		}
		leave()
		<-ended
	}
}

// mute is a listener that never reads: a write of more than it holds never
// returns before the request ends.
type mute struct {
	*httptest.ResponseRecorder
	ctx context.Context
	mu  sync.Mutex
	got int
}

func (m *mute) Write(p []byte) (int, error) {
	m.mu.Lock()
	m.got += len(p)
	full := m.got > 1000
	m.mu.Unlock()
	if full {
		<-m.ctx.Done()
		return 0, m.ctx.Err()
	}
	return len(p), nil
}

func TestTheStreamNeverHoldsTheTownUp(t *testing.T) {
	n := open(t)
	ctx, leave := context.WithCancel(t.Context())
	handler, ended := live.Handler(n.Town, live.Ready{}), make(chan bool)
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/events", nil)
	req.Header.Set("Authorization", "Bearer "+n.Token)
	go func() {
		handler.ServeHTTP(&mute{ResponseRecorder: httptest.NewRecorder(), ctx: ctx}, req)
		close(ended)
	}()
	stream := read(t, n).follow(ctx, "", "")
	flood(n, 3000) // ends, though one does not read
	count, shown, left, largest := 0, 0, 0, 0
	for count < 3000 {
		e, ok := <-stream
		if !ok {
			t.Fatal("the stream ended")
		}
		for _, h := range e.Hops {
			if h.From == "(clients)" && h.To == "idp" {
				count += h.Count
			}
		}
		rows := strings.Count(e.Rows, `class="entry `)
		shown, left, largest = shown+rows, left+e.Left, max(largest, rows)
	}
	if largest > 60 || shown+left < 3000 || left == 0 {
		t.Errorf("%d exchanges: %d rows, at most %d at once, and %d left out", count, shown, largest, left)
	}
	leave()
	<-ended
}

func TestEveryHopHasAPlaceInThePicture(t *testing.T) {
	for _, routed := range []string{"off", "on"} {
		n := open(t)
		ctx, leave := context.WithCancel(t.Context())
		r := read(t, n)
		stream := r.follow(ctx, "", "")
		n.order("gateway", routed)
		for _, tool := range []string{"wiki_search", "tickets_create", "mail_whoami"} {
			n.well(tool)
		}
		n.order("sync", "mail")
		latest := n.Network.Latest()
		_, page := r.get("/state")
		for e := range stream {
			for _, h := range e.Hops {
				if want := fmt.Sprintf(`data-from="%s" data-to="%s"`, h.From, h.To); !strings.Contains(page, want) {
					t.Errorf("gateway %s: the picture has no way from %s to %s", routed, h.From, h.To)
				}
			}
			if id, _ := strconv.Atoi(e.id); id >= latest {
				break
			}
		}
		leave()
	}
}

// colours are the custom properties of a scheme of the style sheet.
func colours(t *testing.T, block string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, found := range regexp.MustCompile(`--([\w-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(block, -1) {
		all[found[1]] = found[2]
	}
	if len(all) < 20 {
		t.Fatalf("only %d colours", len(all))
	}
	return all
}

func TestThePageCanBeRead(t *testing.T) {
	sheet, err := os.ReadFile("page/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := strings.Cut(string(sheet), "@media (prefers-color-scheme: dark)")
	for scheme, block := range map[string]string{"light": light, "dark": dark} {
		c := colours(t, block)
		texts := []string{"ink", "quiet", "link", "well", "asks", "failed"}
		for i := range 8 {
			texts = append(texts, fmt.Sprintf("hue-%d", i))
		}
		for _, behind := range []string{"paper", "panel", "sunk"} {
			for _, text := range texts {
				if got := contrast(t, c[text], c[behind]); got < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", scheme, text, behind, got)
				}
			}
			for _, line := range []string{"edge", "focus", "call", "sign", "detour"} {
				if got := contrast(t, c[line], c[behind]); got < 3 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", scheme, line, behind, got)
				}
			}
		}
		for text, behind := range map[string]string{"ink": "button", "onstrong": "strong", "panel": "failed"} {
			if got := contrast(t, c[text], c[behind]); got < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", scheme, text, behind, got)
			}
		}
	}
}

// contrast is the ratio of two colours, WCAG 2.2 "contrast ratio".
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) (sum float64) {
		n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
		if err != nil {
			t.Fatalf("%q is no colour", colour)
		}
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			c := float64(n>>(16-8*i)&0xff) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
