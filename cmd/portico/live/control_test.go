package live_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-mcp/portico/cmd/portico/live"
)

// asked is one question to a route, and the status of the answer.
type asked struct {
	method, path, body string
	status             int
}

// questions has at least one for every route of the API.
func questions() map[string][]asked {
	return map[string][]asked{
		"GET /openapi.json": {{path: "/openapi.json", status: 200}},
		"GET /town":         {{path: "/town", status: 200}},
		"GET /journal": {
			{path: "/journal", status: 200}, {path: "/journal?limit=2&match=to=mail", status: 200},
			{path: "/journal?match=to=nobody", status: 200}, {path: "/journal?since=x", status: 400},
		},
		"GET /journal/wait": {
			{path: "/journal/wait?since=0&match=to=mail", status: 200}, {path: "/journal/wait?timeout=1ms&since=0&match=to=mail+status=999", status: 408},
			{path: "/journal/wait?timeout=1ms", status: 408}, {path: "/journal/wait?timeout=x", status: 400},
		},
		"GET /trace": {{path: "/trace", status: 200}, {path: "/trace?named=true", status: 200}},
		"GET /findings": {
			{path: "/findings", status: 200}, {path: "/findings?wait=20s", status: 200}, {path: "/findings?wait=-1s", status: 400}, {path: "/findings?wait=x", status: 400},
		},
		"GET /gateway": {{path: "/gateway", status: 200}},
		"GET /people":  {{path: "/people", status: 200}},
		"GET /servers": {{path: "/servers", status: 200}},
		"GET /verbs":   {{path: "/verbs", status: 200}},
		"GET /faults":  {{path: "/faults", status: 200}},
		"POST /forget": {{path: "/forget", status: 204}},
		"POST /token":  {{path: "/token", body: `{"as":"alice"}`, status: 200}, {path: "/token", status: 400}},
		"POST /do/{verb}": {
			{path: "/do/fail", body: `{"args":["wiki","401"],"on":"tools/list","times":3,"chance":0.5,"seed":7,"spares":1}`, status: 200},
			{path: "/do/fail", body: `{}`, status: 400},
		},
		"POST /call": {
			{path: "/call", body: `{"as":"bob","tool":"wiki_search","args":{"query":"badgers"}}`, status: 200},
			{path: "/call", body: `{"as":"bob","revision":"2025-11-25","tool":"no_such"}`, status: 200},
			{path: "/call", body: `{}`, status: 400},
		},
	}
}

// description is what the OpenAPI document says of an operation.
type description struct {
	Responses map[string]struct {
		Content map[string]struct{ Schema json.RawMessage }
	}
	Security *[]any
}

func (n *neighbourhood) openAPI() map[string]map[string]description {
	n.t.Helper()
	var document struct {
		Paths map[string]map[string]description
	}
	n.ask(http.MethodGet, "/openapi.json", nil, &document)
	return document.Paths
}

func TestEveryRouteAnswersAsItIsDescribed(t *testing.T) {
	t.Parallel()
	n := open(t)
	n.order("gateway", "on") // so that its log is not empty
	n.order("slow", "wiki", "1ms")
	n.well("mail_whoami")
	all, paths := questions(), n.openAPI()
	for _, r := range routesLast("POST /forget") {
		route := r.Method + " " + r.Path
		described, ok := paths[r.Path][strings.ToLower(r.Method)]
		if !ok || len(all[route]) == 0 {
			t.Errorf("%s: described %t, asked here %d times", route, ok, len(all[route]))
		}
		for _, q := range all[route] {
			status, said := n.send(r.Method, q.path, q.body)
			if status != q.status {
				t.Errorf("%s %s: %d %s, want %d", r.Method, q.path, status, said, q.status)
			}
			holds(t, described, route, status, said)
		}
	}
	for _, q := range all["GET /trace"] { // of a town that has seen nothing
		_, said := n.send(http.MethodGet, q.path, nil)
		holds(t, paths["/trace"]["get"], "an empty trace", http.StatusOK, said)
	}
}

// routesLast are the routes, the one given last: it takes away what others show.
func routesLast(last string) []live.Route {
	routes := slices.Clone(live.Routes)
	slices.SortStableFunc(routes, func(a, b live.Route) int {
		return strings.Compare(strconv.FormatBool(a.Method+" "+a.Path == last), strconv.FormatBool(b.Method+" "+b.Path == last))
	})
	return routes
}

// holds wants an answer to be as it is described, and to have nothing besides.
func holds(t *testing.T, d description, route string, status int, said []byte) {
	t.Helper()
	response, ok := d.Responses[strconv.Itoa(status)]
	if !ok {
		t.Errorf("%s: it is not described that it answers %d", route, status)
		return
	}
	raw := response.Content["application/json"].Schema
	if raw == nil {
		if len(said) > 0 {
			t.Errorf("%s: no body is described, and it is %s", route, said)
		}
		return
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("answer.json", closed(schema)); err != nil {
		t.Fatal(err)
	}
	answer, err := jsonschema.UnmarshalJSON(bytes.NewReader(said))
	if err != nil {
		t.Errorf("%s: no JSON: %s", route, said)
		return
	}
	if err := compiler.MustCompile("answer.json").Validate(answer); err != nil {
		t.Errorf("%s: %d is not as it is described: %v", route, status, err)
	}
}

// closed lets no object have members that are not described.
func closed(schema any) any {
	switch s := schema.(type) {
	case map[string]any:
		for key, value := range s {
			s[key] = closed(value)
		}
		if s["properties"] != nil && s["type"] != nil {
			s["additionalProperties"] = false
		}
	case []any:
		for i := range s {
			s[i] = closed(s[i])
		}
	}
	return schema
}

func TestTheDocumentListsTheRoutesAndNoOthers(t *testing.T) {
	t.Parallel()
	n := open(t)
	var described, served []string
	for path, operations := range n.openAPI() {
		for method, d := range operations {
			described = append(described, strings.ToUpper(method)+" "+path)
			if open := d.Security != nil && len(*d.Security) == 0; open != (path == "/openapi.json") {
				t.Errorf("%s %s: described as open to everybody: %t", method, path, open)
			}
		}
	}
	for _, r := range live.Routes {
		served = append(served, r.Method+" "+r.Path)
		if r.Sentence == "" {
			t.Errorf("nothing is said of %s %s", r.Method, r.Path)
		}
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("described are %v\nserved are %v", described, served)
	}
}

// Who has no token is told nothing and does nothing.
func TestEveryRouteWantsTheToken(t *testing.T) {
	t.Parallel()
	n := open(t)
	before := n.Network.Latest()
	for name, header := range map[string]string{
		"none": "", "another": "Bearer " + strings.Repeat("A", 26), "half": "Bearer " + n.Token[:13], "longer": "Bearer " + n.Token + "A",
		"empty": "Bearer ", "basic": "Basic " + n.Token, "lower case": "Bearer " + strings.ToLower(n.Token),
	} {
		for route, all := range questions() {
			method, _, _ := strings.Cut(route, " ")
			status, said := n.send(method, all[0].path, all[0].body, func(r *http.Request) {
				r.Header.Del("Authorization")
				if header != "" {
					r.Header.Set("Authorization", header)
				}
			})
			if open := route == "GET /openapi.json"; open != (status == http.StatusOK) || !open && status != http.StatusUnauthorized {
				t.Errorf("%s with %s token: %d", route, name, status)
			}
			if strings.Contains(string(said), n.Token) {
				t.Errorf("%s with %s token tells the token", route, name)
			}
		}
	}
	if after := n.since(before); len(after) > 0 || len(n.Ailing()) > 0 {
		t.Errorf("somebody without a token did something: %v\n%s", n.Ailing(), seen{t, after})
	}
}

// A website whose name leads to this machine has the browser on its side, but
// not the name (DNS rebinding).
func TestTheControlPortIsSpokenToAsThisMachine(t *testing.T) {
	t.Parallel()
	n := open(t)
	for host, want := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:7799": 200, "localhost:7799": 200, "localhost": 200, "[::1]:7799": 200, "127.8.8.8": 200,
		"evil.example": 403, "evil.example:7799": 403, "localhost.evil.example": 403, "127.0.0.1.evil.example:80": 403, "0.0.0.0:7799": 403,
		"192.168.1.2:7799": 403, "evil.example:127.0.0.1": 403, "LOCALHOST.:7799": 403, "[fe80::1]:7799": 403,
	} {
		for _, path := range []string{"/town", "/openapi.json", "/"} {
			status, said := n.send(http.MethodGet, path, nil, func(r *http.Request) { r.Host = host })
			if status != want {
				t.Errorf("%s as %s: %d, want %d", path, host, status, want)
			}
			if status == http.StatusForbidden && strings.Contains(string(said), n.Token) {
				t.Errorf("%s as %s tells the token", path, host)
			}
		}
		status, _ := n.send(http.MethodPost, "/do/fail", `{"args":["tickets"]}`, func(r *http.Request) { r.Host = host })
		if status != want {
			t.Errorf("an order as %s: %d, want %d", host, status, want)
		}
		if set := len(n.Ailing()); (set > 0) != (want == 200) {
			t.Errorf("an order as %s: %d faults", host, set)
		}
		n.order("clear")
	}
}

// A cookie comes with whatever a website makes a browser send: it may look, and
// act only from the page itself.
func TestACookieActsFromThePageAlone(t *testing.T) {
	t.Parallel()
	n := open(t)
	cookie := n.cookie()
	for _, c := range []struct {
		name   string
		value  string
		origin string
		post   int
	}{
		{"the page", cookie.Value, n.control.URL, 200},
		{"a website", cookie.Value, "https://evil.example", 401},
		{"another port", cookie.Value, "http://127.0.0.1:1", 401},
		{"a sandbox", cookie.Value, "null", 401},
		{"nobody", cookie.Value, "", 401},
		{"https", cookie.Value, strings.Replace(n.control.URL, "http:", "https:", 1), 401},
		{"longer", cookie.Value, n.control.URL + ".evil.example", 401},
		{"another cookie", cookie.Value + "A", n.control.URL, 401},
	} {
		with := func(r *http.Request) {
			r.Header.Del("Authorization")
			r.AddCookie(&http.Cookie{Name: cookie.Name, Value: c.value})
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
		}
		status, _ := n.send(http.MethodPost, "/do/fail", `{"args":["wiki"]}`, with)
		if set := len(n.Ailing()); status != c.post || (set > 0) != (c.post == 200) {
			t.Errorf("an order with the cookie from %s: %d and %d faults, want %d", c.name, status, set, c.post)
		}
		n.order("clear")
		read := http.StatusOK
		if c.value != cookie.Value {
			read = http.StatusUnauthorized
		}
		if status, _ := n.send(http.MethodGet, "/town", nil, with); status != read {
			t.Errorf("a look with the cookie from %s: %d, want %d", c.name, status, read)
		}
	}
}

// cookie is what a browser gets that opens the town's address.
func (n *neighbourhood) cookie() *http.Cookie {
	n.t.Helper()
	c := *n.control.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := c.Get(n.control.URL + "/open?token=" + n.Token)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	all := res.Cookies()
	if len(all) != 1 || !all[0].HttpOnly || all[0].SameSite != http.SameSiteStrictMode {
		n.t.Fatalf("the cookies are %v", all)
	}
	return all[0]
}
