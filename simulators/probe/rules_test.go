package probe_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/probe"
)

// fault is a server with something wrong, and the rules it must be found to
// break, and no others.
type fault struct {
	handler http.Handler
	config  probe.Config
	want    []string
	secure  bool // served over TLS
}

func broken(s stranger, rules ...string) fault { return fault{handler: s, want: rules} }

func offering(tools string, rules ...string) fault { return broken(stranger{tools: tools}, rules...) }

// named is a good tool by another name.
func named(names ...string) string {
	var all []string
	for _, n := range names {
		all = append(all, strings.Replace(tool, "search", n, 1))
	}
	return strings.Join(all, ",")
}

// taking is a tool with an input schema of one's own.
func taking(schema string) string {
	return `{"name":"search","description":"finds pages","inputSchema":` + schema + `}`
}

func locked(l login, rules ...string) fault {
	return fault{handler: l.handler(), want: append(rules, "behind-login")}
}

func faults() map[string]fault {
	all := map[string]fault{}
	for _, group := range []map[string]fault{transportFaults(), messageFaults(), signInFaults(), listFaults(), nameFaults(), schemaFaults()} {
		for name, f := range group {
			all[name] = f
		}
	}
	return all
}

func transportFaults() map[string]fault {
	forever := func(w http.ResponseWriter, r *http.Request, _ asked) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}
	return map[string]fault{
		"nothing wrong":        broken(stranger{}),
		"nothing wrong, old":   broken(stranger{revision: stateful}),
		"nothing wrong, new":   broken(stranger{revision: stateless}),
		"a stranger's cert":    {handler: stranger{}, secure: true, want: []string{"tls"}},
		"http where TLS is":    {handler: stranger{}, secure: true, config: probe.Config{URL: "http"}, want: []string{"tls"}},
		"TLS where http is":    {handler: stranger{}, config: probe.Config{URL: "https"}, want: []string{"tls"}},
		"hangs up":             broken(stranger{instead: func(w http.ResponseWriter, r *http.Request, m asked) bool { hangUp(w, r, m); return true }}, "no-answer"),
		"hangs up once":        broken(stranger{instead: on("server/discover", hangUp)}, "answer-missing"),
		"a web site":           broken(stranger{instead: status(200, "Content-Type", "text/html")}, "not-mcp"),
		"another path":         broken(stranger{instead: status(404)}, "not-mcp"),
		"no revision":          broken(stranger{instead: func(w http.ResponseWriter, _ *http.Request, m asked) bool { result(w, m, `{}`); return true }}, "not-mcp"),
		"forbids":              broken(stranger{instead: status(403)}, "forbidden"),
		"redirects":            {handler: http.HandlerFunc(redirect), want: []string{"redirect"}},
		"redirects away":       broken(stranger{instead: status(307, "Location", "https://attacker.example/mcp")}, "redirect-elsewhere"),
		"redirects in circles": broken(stranger{instead: status(307, "Location", "/mcp?again")}, "redirect", "redirect-elsewhere"),
		"plain http":           {handler: stranger{}, config: probe.Config{URL: "memory"}, want: []string{"plain-http"}},
		"falls over":           broken(stranger{instead: on("ping", func(w http.ResponseWriter, _ *http.Request, _ asked) { w.WriteHeader(500) })}, "server-error", "session-lost", "session-required"),
		"is busy":              broken(stranger{instead: on("tools/list", func(w http.ResponseWriter, _ *http.Request, _ asked) { w.WriteHeader(429) })}, "list", "busy"),
		"never stops":          {handler: stranger{instead: on("tools/list", forever)}, config: probe.Config{Limits: probe.Limits{Answer: 64 << 10}}, want: []string{"answer-long", "list"}},
		"GET is 200":           broken(stranger{gets: 200}, "get"),
		"foreign Origin":       broken(stranger{lax: "origin"}, "origin"),
		"any type":             broken(stranger{lax: "type"}, "content-type"),
		"any Accept":           broken(stranger{lax: "accept"}, "accept"),
		"HTTP+SSE": broken(stranger{instead: func(w http.ResponseWriter, r *http.Request, _ asked) bool {
			if r.Method != http.MethodGet {
				w.WriteHeader(405)
				return true
			}
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = fmt.Fprint(w, "event: endpoint\ndata: /messages?id=1\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		}}, "legacy-sse"),
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/mcp" {
		http.Redirect(w, r, "/mcp/", http.StatusTemporaryRedirect)
		return
	}
	r.URL.Path = "/mcp"
	stranger{}.ServeHTTP(w, r)
}

func messageFaults() map[string]fault {
	say := func(method, body string) stranger {
		return stranger{instead: on(method, func(w http.ResponseWriter, _ *http.Request, m asked) {
			send(w, strings.ReplaceAll(body, "{id}", string(m.ID)))
		})}
	}
	stream := func(body string, open bool) stranger {
		return stranger{instead: on("tools/list", func(w http.ResponseWriter, r *http.Request, m asked) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = fmt.Fprint(w, strings.ReplaceAll(body, "{id}", string(m.ID)))
			w.(http.Flusher).Flush()
			if open {
				<-r.Context().Done()
			}
		})}
	}
	const good = `"result":{"tools":[` + tool + `],"resultType":"complete","ttlMs":0,"cacheScope":"private"}}`
	const event = `data: {"jsonrpc":"2.0","id":{id},` + good + "\n\n"
	return map[string]fault{
		"a stream":         broken(stream(": hello\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"+event, false)),
		"an open stream":   broken(stream(event, true), "stream-open"),
		"two answers":      broken(stream(event+event, false), "json-rpc-twice"),
		"no version":       broken(say("tools/list", `{"id":{id},`+good), "json-rpc"),
		"a batch":          broken(say("tools/list", `[{"jsonrpc":"2.0","id":{id},`+good+`]`), "json-rpc", "list"),
		"no JSON":          broken(say("tools/list", `oh no`), "json-rpc", "list"),
		"result and error": broken(say("tools/list", `{"jsonrpc":"2.0","id":{id},"error":null,"result":null}`), "json-rpc", "list"),
		"an id as text":    broken(say("tools/list", `{"jsonrpc":"2.0","id":"{id}",`+good), "json-rpc-id", "json-rpc"),
		"200 for 202":      broken(stranger{notified: 200}, "notification"),
		"an odd revision":  broken(stranger{revision: stateful, negotiated: "2031-01-01"}, "revision-unknown"),
		"an old revision":  broken(stranger{revision: stateful, negotiated: "2025-06-18"}, "revision-old"),
		"no resultType":    broken(stranger{hints: `"ttlMs":0,"cacheScope":"private"`}, "result-type"),
		"no hints":         broken(stranger{hints: `"resultType":"complete"`}, "cache-hints"),
		"an odd session":   broken(stranger{session: "session 1"}, "session-id"),
		"any session":      broken(stranger{lax: "lost"}, "session-lost"),
		"no session":       broken(stranger{lax: "unnamed"}, "session-required"),
	}
}

func signInFaults() map[string]fault {
	with := func(old, by string) login {
		return login{goodChallenge, goodResource, strings.Replace(goodServer, old, by, 1)}
	}
	return map[string]fault{
		"a login":              locked(login{goodChallenge, goodResource, goodServer}),
		"a credential, good":   {handler: login{goodChallenge, goodResource, goodServer}.handler(), config: probe.Config{Authorize: bearing(token)}},
		"a credential, wrong":  {handler: login{goodChallenge, goodResource, goodServer}.handler(), config: probe.Config{Authorize: bearing("Bearer nonsense")}, want: []string{"credential-refused"}},
		"no challenge":         locked(login{"", goodResource, goodServer}, "challenge"),
		"an empty challenge":   locked(login{`Basic realm="a, b=", Bearer`, goodResource, goodServer}, "challenge"),
		"no metadata":          locked(login{goodChallenge, "", ""}, "metadata"),
		"metadata elsewhere":   locked(login{`Bearer resource_metadata="https://attacker.example/x"`, goodResource, goodServer}, "metadata-elsewhere"),
		"another resource":     locked(login{goodChallenge, `{"resource":"https://other.example/mcp","authorization_servers":["{base}/as"]}`, goodServer}, "resource"),
		"no server":            locked(login{goodChallenge, `{"resource":"{base}/mcp"}`, goodServer}, "authorization-server"),
		"no server's metadata": locked(login{goodChallenge, goodResource, ""}, "server-metadata"),
		"a plain http server":  locked(login{goodChallenge, `{"resource":"{base}/mcp","authorization_servers":["http://169.254.169.254/latest"]}`, ""}, "server-metadata"),
		"another issuer":       locked(with(`{base}/as"`, `{base}/as/"`), "issuer"),
		"no token endpoint":    locked(with(`"token_endpoint":"{base}/token",`, ``), "endpoints"),
		"no S256":              locked(with(`S256`, `plain`), "pkce"),
		"no registration":      locked(with(`"registration_endpoint":"{base}/register",`, ``), "registration"),
		"no iss":               locked(with(`supported":true`, `supported":false`), "iss"),
		"a login for the list": broken(stranger{instead: on("tools/list", func(w http.ResponseWriter, _ *http.Request, _ asked) { w.WriteHeader(401) })},
			"challenge", "metadata", "behind-login"),
	}
}

func bearing(credential string) func(http.Header) {
	return func(h http.Header) { h.Set("Authorization", credential) }
}

func listFaults() map[string]fault {
	page := func(next func(cursor string) string) stranger {
		return stranger{instead: on("tools/list", func(w http.ResponseWriter, _ *http.Request, m asked) {
			cursor := ""
			if m.Params.Cursor != nil {
				cursor = *m.Params.Cursor
			}
			result(w, m, `{"tools":[`+named(fmt.Sprintf("t%d", len(cursor)))+`],"nextCursor":"`+next(cursor)+`","resultType":"complete","ttlMs":0,"cacheScope":"private"}`)
		})}
	}
	many := make([]string, 200)
	for i := range many {
		many[i] = `{"name":"t` + fmt.Sprint(i) + `","description":"` + strings.Repeat("x", 1_500) + `","inputSchema":{"type":"object"}}`
	}
	return map[string]fault{
		"a list that fails": broken(stranger{instead: on("tools/list", func(w http.ResponseWriter, _ *http.Request, m asked) {
			send(w, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"error":{"code":-32603,"message":"no"}}`)
		})}, "list"),
		"no list": broken(stranger{instead: on("tools/list", func(w http.ResponseWriter, _ *http.Request, m asked) {
			result(w, m, `{"resultType":"complete","ttlMs":0,"cacheScope":"private"}`)
		})}, "list"),
		"the same cursor":    broken(page(func(string) string { return "" }), "list-endless", "name-twice"),
		"ever new cursors":   broken(page(func(c string) string { return c + "x" }), "list-endless"),
		"more than is taken": {handler: stranger{tools: named("a", "b", "c")}, config: probe.Config{Limits: probe.Limits{Items: 2}}, want: []string{"list-endless"}},
		"a large list":       offering(strings.Join(many, ","), "list-large"),
		"nothing": broken(stranger{instead: on("tools/list", func(w http.ResponseWriter, _ *http.Request, m asked) {
			result(w, m, `{"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"}`)
		})}, "list-empty"),
		"prompts only": broken(stranger{capabilities: `{"prompts":{}}`, prompts: `{"name":"p"}`, instead: on("tools/list", func(w http.ResponseWriter, _ *http.Request, m asked) {
			send(w, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"error":{"code":-32601,"message":"no"}}`)
		})}),
		"undeclared tools": broken(stranger{capabilities: `{}`}, "tools-undeclared"),
	}
}

func nameFaults() map[string]fault {
	behind := func(id, name string, rules ...string) fault {
		return fault{handler: stranger{tools: named(name)}, config: probe.Config{ID: id}, want: rules}
	}
	return map[string]fault{
		"an id with underscore": behind("my_wiki", "search", "id"),
		"64 in all":             behind("mine", strings.Repeat("n", 59)),
		"65 in all":             behind("mine", strings.Repeat("n", 60), "name-long"),
		"128 in all":            behind("mine", strings.Repeat("n", 123), "name-long"),
		"129 in all":            behind("mine", strings.Repeat("n", 124), "name-too-long"),
		"a nameless tool":       offering(tool+`,{"description":"x","inputSchema":{"type":"object"}}`, "name"),
		"a tool that is none":   offering(tool+`,7`, "name"),
		"a nameless prompt":     broken(stranger{prompts: `{"name":""}`}, "name"),
		"a name twice":          offering(named("a", "b", "a"), "name-twice"),
		"a prompt twice":        broken(stranger{prompts: `{"name":"a"},{"name":"a"}`}, "name-twice"),
		"capitals":              offering(named("get_Page", "get_page"), "name-case"),
		"a space":               offering(named("get page"), "name-characters"),
		"an escape":             offering(named(`a\u001b[2J\u202e`), "name-characters"),
		"a dot":                 offering(named("get.page"), "name-dot"),
	}
}

func schemaFaults() map[string]fault {
	return map[string]fault{
		"a key twice":        offering(`{"name":"a","name":"b","description":"x","inputSchema":{"type":"object"}}`, "keys-twice"),
		"a key twice, deep":  offering(taking(`{"type":"object","properties":{"a":{"enum":[{"k":1,"k":2}]}}}`), "keys-twice"),
		"the same key apart": offering(taking(`{"type":"object","properties":{"type":{"type":"string"}},"required":["type","type"]}`)),
		"no schema":          offering(`{"name":"a","description":"x"}`, "schema-missing"),
		"schema true":        offering(taking(`true`), "schema-object"),
		"schema null":        offering(taking(`null`), "schema-object"),
		"an array":           offering(taking(`{"type":"array"}`), "schema-root"),
		"anyOf":              offering(taking(`{"type":"object","anyOf":[{"required":["a"]}]}`), "schema-composed"),
		"anyOf below":        offering(taking(`{"type":"object","properties":{"anyOf":{"anyOf":[{"type":"string"}]}}}`)),
		"a root $ref":        offering(taking(`{"type":"object","$ref":"#/$defs/a","$defs":{"a":{"type":"object"}}}`), "schema-root-ref"),
		"an external $ref":   offering(taking(`{"type":"object","properties":{"a":{"items":[{"$ref":"https://attacker.example/s.json"}]}}}`), "schema-external-ref"),
		"a $ref as data":     offering(taking(`{"type":"object","properties":{"$ref":{"default":{"$ref":"https://x.example"}},"a":{"$ref":"#/properties/b"}}}`), "schema-property"),
		"an odd property":    offering(taking(`{"type":"object","properties":{"Account Number":{}}}`), "schema-property"),
		"a large schema":     offering(taking(`{"type":"object","description":"`+strings.Repeat("x", 16<<10)+`"}`), "schema-large"),
		"no description":     offering(`{"name":"a","inputSchema":{"type":"object"}}`, "description"),
	}
}

// look looks at a fault over loopback, or in memory where its URL says so.
func (f fault) look(t *testing.T) probe.Report {
	t.Helper()
	c := f.config
	if c.URL == "memory" {
		c.URL, c.HTTP = "http://wiki.example/mcp", &http.Client{Transport: inMemory{f.handler, map[string]bool{}}}
	} else {
		serve := httptest.NewServer
		if f.secure {
			serve = httptest.NewTLSServer
		}
		s := serve(f.handler)
		s.Config.ErrorLog = silent
		t.Cleanup(s.Close)
		scheme, rest, _ := strings.Cut(s.URL, "://")
		c.URL = or(c.URL, scheme) + "://" + rest + "/mcp"
	}
	r, err := probe.Look(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func rulesOf(r probe.Report) []string {
	var ids []string
	for _, f := range r.Findings {
		ids = append(ids, f.Rule)
	}
	slices.Sort(ids)
	return ids
}

func TestFaultsBreakTheirRulesAndNoOthers(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := f.look(t)
			want := slices.Sorted(slices.Values(f.want))
			if diff := cmp.Diff(want, rulesOf(r)); diff != "" {
				t.Errorf("findings (-want +got):\n%s\n%+v", diff, r.Findings)
			}
			for _, f := range r.Findings {
				if slices.Contains(r.Passed, f.Rule) {
					t.Errorf("%s is broken and holds", f.Rule)
				}
			}
		})
	}
}

func TestEveryRuleIsBrokenByAServer(t *testing.T) {
	t.Parallel()
	claimed := map[string]bool{}
	for _, f := range faults() {
		for _, id := range f.want {
			claimed[id] = true
		}
	}
	for _, f := range clockFaults() {
		for _, id := range f.want {
			claimed[id] = true
		}
	}
	known := map[string]bool{}
	for _, r := range probe.Rules {
		switch {
		case known[r.ID]:
			t.Errorf("rule %s is there twice", r.ID)
		case !claimed[r.ID]:
			t.Errorf("no server breaks rule %s", r.ID)
		case r.Sentence == "" || r.Source == "" || r.Topic == "":
			t.Errorf("rule %s is not told: %+v", r.ID, r)
		case !slices.Contains([]probe.Level{probe.Stop, probe.Warn, probe.Note}, r.Level):
			t.Errorf("rule %s has the level %q", r.ID, r.Level)
		}
		known[r.ID] = true
	}
	for id := range claimed {
		if !known[id] {
			t.Errorf("there is no rule %s", id)
		}
	}
}
