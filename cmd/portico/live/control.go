package live

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/gateway"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Route is one thing that the control port answers.
type Route struct {
	Method, Path string
	Sentence     string
	Query        map[string]string // what can be asked, with a sentence each
	Body         any               // an example of the body; nil: there is none
	Answer       any               // an example of the answer; nil: 204
	open         bool              // without the token
	answer       func(*control, *http.Request) (any, error)
}

// Routes are all routes of the API, as the OpenAPI document describes them.
var Routes []Route

func init() {
	match := "terms that must all hold: from= to= method= name= http= path= host= status=, or a word of the line"
	Routes = []Route{
		{Method: "GET", Path: "/openapi.json", Sentence: "this API, as an OpenAPI 3.1 document", open: true, Answer: map[string]any{}, answer: (*control).openAPI},
		{Method: "GET", Path: "/town", Sentence: "where everything is", Answer: Ready{}, answer: (*control).where},
		{Method: "GET", Path: "/journal", Sentence: "what was seen, newest last, with letters for what is opaque",
			Query:  map[string]string{"since": "only what happened after this event (`next` of the last answer)", "match": match, "limit": "at most so many exchanges: the next ones after `since`, without it the latest"},
			Answer: network.News{}, answer: (*control).journal},
		{Method: "GET", Path: "/journal/wait", Sentence: "waits for an exchange; 408 with what came nearest if none comes",
			Query:  map[string]string{"since": "only what happens after this event; left out: from now on", "match": match, "timeout": "how long: 5s; left out: 10s"},
			Answer: Waited{}, answer: (*control).wait},
		{Method: "GET", Path: "/trace", Sentence: "what was seen as a trace, in canonical order, as it was on the wire: secrets included",
			Query: map[string]string{"named": "true: with names for what is opaque"}, Answer: Past{}, answer: (*control).trace},
		{Method: "POST", Path: "/forget", Sentence: "forgets what was seen so far", answer: (*control).forget},
		{Method: "GET", Path: "/findings", Sentence: "what the rules over traces saw, and where one is broken",
			Query:  map[string]string{"wait": "at most how long to wait until what has happened so far is judged (`behind` tells what is not): 10s; left out: 5s"},
			Answer: Judgement{}, answer: (*control).findings},
		{Method: "GET", Path: "/gateway", Sentence: "the gateway's own log", Answer: []gateway.Record{}, answer: (*control).gatewayLog},
		{Method: "GET", Path: "/people", Sentence: "who has signed in where", Answer: []Resident{}, answer: (*control).people},
		{Method: "GET", Path: "/servers", Sentence: "the status of every server", Answer: []ServerState{}, answer: (*control).servers},
		{Method: "GET", Path: "/verbs", Sentence: "what can be done", Answer: []Verb{}, answer: (*control).verbs},
		{Method: "POST", Path: "/do/{verb}", Sentence: "does it", Body: Order{Args: []string{"mail", "401"}, Times: 1}, Answer: said{}, answer: (*control).do},
		{Method: "GET", Path: "/faults", Sentence: "the faults that are set, by party", Answer: map[trace.Party][]faults.Fault{}, answer: (*control).faults},
		{Method: "POST", Path: "/call", Sentence: "calls a tool as somebody, who signs in without a browser", Body: Call{As: "alice", Tool: "wiki_search", Args: map[string]any{"query": "badgers"}}, Answer: Called{}, answer: (*control).call},
		{Method: "POST", Path: "/token", Sentence: "an access token of somebody, who signs in if need be", Body: map[string]string{"as": "alice"}, Answer: map[string]string{"access_token": ""}, answer: (*control).token},
	}
}

// Past is what a town saw, and since when.
type Past struct {
	Began time.Time   `json:"began"`
	Trace trace.Trace `json:"trace"`
}

type said struct {
	Said string `json:"said"`
}

// control answers at the control port.
type control struct {
	of    *Town
	ready Ready
	mux   *http.ServeMux
}

// Handler answers at a town's control port: the API of Routes and the page. It
// wants the town's token, as a bearer or in the cookie of a browser that opened
// the page's address, and is spoken to as a host of this machine only: a website
// whose name leads here (DNS rebinding) is refused.
func Handler(t *Town, ready Ready) http.Handler {
	c := &control{of: t, ready: ready, mux: http.NewServeMux()}
	for _, r := range Routes {
		c.mux.HandleFunc(r.Method+" "+r.Path, c.serve(r))
	}
	c.pages()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r.Host) {
			http.Error(w, "the control port is for this machine", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		c.mux.ServeHTTP(w, r)
	})
}

// local says whether a Host header names this machine.
func local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// serve makes a handler of a route.
func (c *control) serve(route Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !route.open && !c.admits(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="portico control"`)
			refuse(w, http.StatusUnauthorized, "the control port wants the token that was printed at the start: Authorization: Bearer …")
			return
		}
		result, err := route.answer(c, r)
		switch status := statusOf(err); {
		case errors.Is(err, errTimeout): // what came nearest is the answer
			write(w, status, result)
		case err != nil:
			refuse(w, status, err.Error())
		case result == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			write(w, http.StatusOK, result)
		}
	}
}

// admits wants the token: as a bearer from a program, in a cookie from a
// browser, which may act only from the page itself.
func (c *control) admits(r *http.Request) bool {
	if c.knows(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
		return true
	}
	return c.opened(r) && (r.Method == http.MethodGet || r.Header.Get("Origin") == "http://"+r.Host)
}

// opened says whether a browser that opened the page's address asks, whatever
// page it is on.
func (c *control) opened(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName(r))
	return err == nil && c.knows(cookie.Value)
}

func (c *control) knows(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(c.of.Token)) == 1
}

var errTimeout = errors.New("nothing like it came in time")

func statusOf(err error) int {
	switch {
	case errors.Is(err, ErrUsage):
		return http.StatusBadRequest
	case errors.Is(err, errTimeout):
		return http.StatusRequestTimeout
	default:
		return http.StatusBadGateway
	}
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, why string) {
	write(w, status, map[string]string{"error": why})
}

// read reads a body strictly.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the body: %w; what is wanted stands in /openapi.json", ErrUsage, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the body: there is more than one JSON document in it", ErrUsage)
	}
	return nil
}

func (c *control) where(*http.Request) (any, error) {
	ready := c.ready
	ready.Roles = c.of.Network.Roles()
	said, _ := c.of.judge.now()
	ready.Broken, _, _ = said.Tally()
	return ready, nil
}

func (c *control) journal(r *http.Request) (any, error) {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		return nil, err
	}
	news := c.of.Network.News(q.since, 0)
	if q.match.wordy() {
		c.of.named(news.Seen)
	}
	kept := []network.Seen{}
	for _, s := range news.Seen {
		if all, _ := q.match.Holds(s.Exchange); all {
			kept = append(kept, s)
		}
	}
	switch over := len(kept) - q.limit; {
	case q.limit == 0 || over <= 0:
	case q.onwards:
		kept = kept[:q.limit]
		news.Next = max(kept[q.limit-1].Sent, kept[q.limit-1].Answered)
	default:
		kept = kept[over:]
	}
	c.of.named(kept)
	news.Seen = kept
	return news, nil
}

func (c *control) wait(r *http.Request) (any, error) {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		return nil, err
	}
	if !r.URL.Query().Has("since") {
		q.since = c.of.Network.Latest()
	}
	ctx, cancel := context.WithTimeout(r.Context(), q.timeout)
	defer cancel()
	waited := c.of.Wait(ctx, q.since, q.match)
	if waited.Seen == nil {
		return waited, errTimeout
	}
	return waited, nil
}

func (c *control) trace(r *http.Request) (any, error) {
	t := c.of.Trace()
	if named, _ := strconv.ParseBool(r.URL.Query().Get("named")); named {
		t = t.Named()
	}
	t.Portal, t.Revision, t.Scenario = c.ready.Portal, c.ready.Revision, "a day in "+c.of.World.Name
	return Past{c.of.Network.Began(), t}, nil
}

func (c *control) forget(*http.Request) (any, error) {
	c.of.Forget()
	return nil, nil
}

func (c *control) findings(r *http.Request) (any, error) {
	wait := 5 * time.Second
	if text := r.URL.Query().Get("wait"); text != "" {
		var err error
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 || wait > time.Minute {
			return nil, fmt.Errorf("%w: wait=%q is no time up to 1m; write 5s", ErrUsage, text)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	return c.of.Judgement(ctx), nil
}

func (c *control) gatewayLog(*http.Request) (any, error) {
	return append([]gateway.Record{}, c.of.GatewayLog()...), nil
}

func (c *control) people(r *http.Request) (any, error) { return c.of.Residents(r.Context()) }

func (c *control) servers(r *http.Request) (any, error) { return c.of.ServerStates(r.Context()) }

func (c *control) verbs(*http.Request) (any, error) { return Verbs(), nil }

func (c *control) do(r *http.Request) (any, error) {
	var o Order
	if err := read(r, &o); err != nil {
		return nil, err
	}
	text, err := c.of.Do(r.Context(), r.PathValue("verb"), o)
	if err != nil {
		return nil, err
	}
	return said{text}, nil
}

func (c *control) faults(*http.Request) (any, error) { return c.of.Ailing(), nil }

func (c *control) call(r *http.Request) (any, error) {
	var call Call
	if err := read(r, &call); err != nil {
		return nil, err
	}
	if call.Tool == "" {
		return nil, fmt.Errorf("%w: no tool is named", ErrUsage)
	}
	return c.of.CallTool(r.Context(), call)
}

func (c *control) token(r *http.Request) (any, error) {
	var who struct {
		As string `json:"as"`
	}
	if err := read(r, &who); err != nil {
		return nil, err
	}
	token, err := c.of.AccessToken(r.Context(), who.As)
	if err != nil {
		return nil, err
	}
	return map[string]string{"access_token": token}, nil
}
