package client_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/portico-mcp/portico/simulators/client"
)

// town is an MCP endpoint behind OAuth and its authorization server, all on one
// origin. Each test bends what it wants to see the client refuse.
type town struct {
	diary
	origin string
	peer   peer // behind the door

	challenge string                      // WWW-Authenticate of a 401
	documents map[string]map[string]any   // by path; nil: not found
	bend      func(url.Values)            // the authorization response
	tokens    func(map[string]any)        // the token response
	routes    map[string]http.HandlerFunc // in place of what is here

	mu      sync.Mutex
	asked   url.Values // of the authorization request
	session string     // cookie of who signed in
	issued  int
	access  string // the one good access token
	refresh string // the one good refresh token
	scope   string // a good token lacks it; empty: nothing
}

const password = "correct horse"

func newTown(origin string) *town {
	prm := map[string]any{"resource": origin + "/mcp", "authorization_servers": []string{origin}, "scopes_supported": []string{"tools", "prompts"}}
	server := map[string]any{
		"issuer": origin, "authorization_endpoint": origin + "/authorize?tenant=1", "token_endpoint": origin + "/token",
		"registration_endpoint": origin + "/register", "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	}
	return &town{
		origin:    origin,
		challenge: `Bearer resource_metadata="` + origin + `/.well-known/oauth-protected-resource/mcp"`,
		documents: map[string]map[string]any{
			"/.well-known/oauth-protected-resource/mcp": prm, "/.well-known/oauth-authorization-server": server,
		},
	}
}

// open serves a town on loopback.
func openTown(t *testing.T) *town {
	t.Helper()
	var w *town
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { w.ServeHTTP(out, r) }))
	t.Cleanup(server.Close)
	w = newTown(server.URL)
	return w
}

// alice is a client of the town with a browser.
func (w *town) alice(bend ...func(*client.Config)) *client.Client {
	config := client.Config{Endpoint: w.origin + "/mcp", Name: "alice", Browser: client.NewBrowser(nil, client.Login{Username: "alice", Password: password})}
	for _, b := range bend {
		b(&config)
	}
	return client.New(config)
}

func (w *town) resource() map[string]any {
	return w.documents["/.well-known/oauth-protected-resource/mcp"]
}
func (w *town) server() map[string]any { return w.documents["/.well-known/oauth-authorization-server"] }

// paths are what was requested, in order, without the browser's pages.
func (w *town) paths() []string {
	var all []string
	for _, s := range w.entries() {
		if s.header.Get("Sec-Fetch-Mode") == "" {
			all = append(all, s.path)
		}
	}
	return all
}

// expire makes the access token worthless.
func (w *town) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.access = "nobody's"
}

func (w *town) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	s := read(r)
	w.note(s)
	r.Body = io.NopCloser(strings.NewReader(s.body))
	if route := w.routes[r.URL.Path]; route != nil {
		route(out, r)
		return
	}
	if d := w.documents[r.URL.Path]; d != nil {
		writeJSON(out, http.StatusOK, d)
		return
	}
	switch r.URL.Path {
	case "/mcp":
		w.serveMCP(out, r)
	case "/register":
		writeJSON(out, http.StatusCreated, map[string]any{"client_id": "registered-1"})
	case "/authorize":
		w.serveAuthorize(out, r)
	case "/login":
		w.serveLogin(out, r)
	case "/consent":
		w.serveConsent(out, r)
	case "/token":
		w.serveToken(out, r)
	default:
		http.NotFound(out, r)
	}
}

func (w *town) serveMCP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	good, scope := w.access != "" && r.Header.Get("Authorization") == "Bearer "+w.access, w.scope
	w.mu.Unlock()
	switch {
	case !good:
		if w.challenge != "" {
			out.Header().Set("WWW-Authenticate", w.challenge)
		}
		out.WriteHeader(http.StatusUnauthorized)
	case scope != "" && !strings.Contains(w.asked.Get("scope"), scope):
		out.Header().Set("WWW-Authenticate", w.challenge+`, error="insufficient_scope", scope="`+scope+`"`)
		out.WriteHeader(http.StatusForbidden)
	default:
		w.peer.ServeHTTP(out, r)
	}
}

func page(out http.ResponseWriter, status int, title, body string) {
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	out.WriteHeader(status)
	_, _ = io.WriteString(out, "<!doctype html><title>"+title+"</title><body>"+body)
}

func (w *town) serveAuthorize(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.asked = r.URL.Query()
	w.mu.Unlock()
	if c, err := r.Cookie("__Host-town"); err == nil && c.Value == "alice" {
		w.askConsent(out)
		return
	}
	w.askPassword(out, http.StatusOK)
}

func (w *town) askPassword(out http.ResponseWriter, status int) {
	page(out, status, "Sign in", `<form method=post action=/login><input name=username value=""><input name=password type=password><button>Sign in</button></form>`)
}

func (w *town) askConsent(out http.ResponseWriter) {
	page(out, http.StatusOK, "Allow access?", `<form method=post action=/consent><button name=decision value=deny>Deny</button>
		<button name=decision value=allow>Allow access</button></form>`)
}

func (w *town) serveLogin(out http.ResponseWriter, r *http.Request) {
	if r.FormValue("username") != "alice" || r.FormValue("password") != password {
		w.askPassword(out, http.StatusUnauthorized)
		return
	}
	http.SetCookie(out, &http.Cookie{Name: "__Host-town", Value: "alice", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	w.askConsent(out)
}

func (w *town) serveConsent(out http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("__Host-town"); err != nil || c.Value != "alice" {
		page(out, http.StatusForbidden, "Who are you?", "")
		return
	}
	w.mu.Lock()
	asked := w.asked
	w.mu.Unlock()
	answer := url.Values{"state": asked["state"], "iss": {w.origin}, "code": {"code-1"}}
	if r.FormValue("decision") != "allow" {
		answer.Del("code")
		answer.Set("error", "access_denied")
		answer.Set("error_description", "alice said no")
	}
	if w.bend != nil {
		w.bend(answer)
	}
	http.Redirect(out, r, asked.Get("redirect_uri")+"?"+answer.Encode(), http.StatusSeeOther)
}

func (w *town) serveToken(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	good := r.PostFormValue("code") == "code-1" && r.PostFormValue("redirect_uri") == w.asked.Get("redirect_uri") &&
		base64.RawURLEncoding.EncodeToString(sum[:]) == w.asked.Get("code_challenge")
	if r.PostFormValue("grant_type") == "refresh_token" {
		good = w.refresh != "" && r.PostFormValue("refresh_token") == w.refresh
	}
	if !good {
		writeJSON(out, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "it is spent"})
		return
	}
	w.issued++
	w.access, w.refresh = fmt.Sprintf("access-%d", w.issued), fmt.Sprintf("refresh-%d", w.issued)
	answer := map[string]any{"access_token": w.access, "token_type": "Bearer", "expires_in": 900, "refresh_token": w.refresh}
	if w.tokens != nil {
		w.tokens(answer)
	}
	writeJSON(out, http.StatusOK, answer)
}

func writeJSON(out http.ResponseWriter, status int, v map[string]any) {
	b, _ := json.Marshal(maps.Clone(v))
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(status)
	_, _ = out.Write(b)
}
