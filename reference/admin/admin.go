// Package admin is the portal's admin API: the statuses of its servers, a
// synchronization on demand, the admin's own authorization at servers that want
// one, and what is administered while a portal runs: its routing, the people who
// have access, and the key that vouches for them. It stands on a host of its own.
package admin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/portico-mcp/portico/reference/portal"
)

// Authorizations are how the admin authorizes the portal at a server.
type Authorizations interface {
	// AuthorizeAdmin begins the admin's authorization at a server.
	AuthorizeAdmin(ctx context.Context, id string) (authorizationURL string, err error)
	// AdminAuthorized ends it.
	AdminAuthorized(ctx context.Context, query url.Values) (server string, err error)
}

// Overview is what can be known of the servers.
type Overview interface {
	Statuses() []portal.Status
	Status(id string) (portal.Status, error)
	Sync(ctx context.Context, id string) (portal.Status, error)
}

// Config describes the admin API.
type Config struct {
	Overview       Overview
	Authorizations Authorizations
	Origin         string        // of the admin API, without a final slash
	Token          portal.Secret // bearer of every request but a browser's; "": nobody gets in

	Routing     Routing     // nil: /portal is not served
	People      People      // nil: neither /grants is, nor /people/{email}
	Keys        Keys        // nil: nor /keys
	Connections Connections // nil: nor /people/{subject}/servers
}

// ticketLife is how long a person has to open the address of an authorization.
const ticketLife = 10 * time.Minute

const cookieName = "__Host-portico-admin"

// api is the handler of the admin API.
type api struct {
	Config
	mux *http.ServeMux

	mu      sync.Mutex
	tickets map[string]ticket
}

// ticket is an authorization that waits for a browser, and then for that
// browser to come back.
type ticket struct {
	to     string // the authorization server
	state  string
	cookie string // of the browser that took it; "": none yet
	until  time.Time
}

// New makes the admin API.
func New(c Config) http.Handler {
	a := &api{Config: c, mux: http.NewServeMux(), tickets: map[string]ticket{}}
	a.mux.HandleFunc("GET /servers", a.guarded(a.list))
	a.mux.HandleFunc("GET /servers/{id}", a.guarded(a.show))
	a.mux.HandleFunc("POST /servers/{id}/sync", a.guarded(a.sync))
	a.mux.HandleFunc("POST /servers/{id}/authorization", a.guarded(a.authorize))
	a.mux.HandleFunc("GET /authorize/{ticket}", a.open)
	a.mux.HandleFunc("GET /servers-callback", a.callback)
	a.administration()
	return a.mux
}

// guarded wants the admin's token.
func (a *api) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		want := []byte("Bearer " + string(a.Token))
		if a.Token == "" || len(r.Header["Authorization"]) != 1 || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="portal admin"`)
			failure(w, http.StatusUnauthorized, "the admin's token is wanted")
			return
		}
		next(w, r)
	}
}

func (a *api) list(w http.ResponseWriter, _ *http.Request) { success(w, a.Overview.Statuses()) }

func (a *api) show(w http.ResponseWriter, r *http.Request) {
	status, err := a.Overview.Status(r.PathValue("id"))
	a.answer(w, status, err)
}

func (a *api) sync(w http.ResponseWriter, r *http.Request) {
	status, err := a.Overview.Sync(r.Context(), r.PathValue("id"))
	a.answer(w, status, err)
}

// authorize begins an authorization and gives the address to open in a
// browser: here first, so that the answer is only taken from that browser.
func (a *api) authorize(w http.ResponseWriter, r *http.Request) {
	to, err := a.Authorizations.AuthorizeAdmin(r.Context(), r.PathValue("id"))
	if err != nil {
		a.answer(w, nil, err)
		return
	}
	u, err := url.Parse(to)
	if err != nil {
		a.answer(w, nil, err)
		return
	}
	id := rand.Text() + rand.Text()
	a.put(id, ticket{to: to, state: u.Query().Get("state"), until: time.Now().Add(ticketLife)})
	success(w, map[string]string{"url": a.Origin + "/authorize/" + id})
}

// open sends the browser that has the ticket on to the authorization server.
func (a *api) open(w http.ResponseWriter, r *http.Request) {
	t, ok := a.take(r.PathValue("ticket"))
	if !ok || t.cookie != "" {
		page(w, http.StatusNotFound, "This address has expired", "Please begin the authorization again.")
		return
	}
	t.cookie = rand.Text() + rand.Text()
	a.put(t.state, t)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: t.cookie, Path: "/", MaxAge: int(ticketLife.Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, t.to, http.StatusSeeOther)
}

// callback takes the authorization server's answer from the browser that was
// sent there.
func (a *api) callback(w http.ResponseWriter, r *http.Request) {
	t, ok := a.take(r.URL.Query().Get("state"))
	cookie, err := r.Cookie(cookieName)
	if !ok || t.cookie == "" || err != nil || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(t.cookie)) != 1 {
		page(w, http.StatusForbidden, "This address has expired", "Please begin the authorization again.")
		return
	}
	server, err := a.Authorizations.AdminAuthorized(r.Context(), r.URL.Query())
	if err != nil {
		page(w, http.StatusBadGateway, "Not authorized", "The server "+server+" did not give the portal an authorization.")
		return
	}
	page(w, http.StatusOK, "Authorized", "The portal can now ask "+server+" for its tools. You can close this page.")
}

func (a *api) put(id string, t ticket) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for old, each := range a.tickets {
		if !time.Now().Before(each.until) {
			delete(a.tickets, old)
		}
	}
	a.tickets[id] = t
}

func (a *api) take(id string) (ticket, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, ok := a.tickets[id]
	delete(a.tickets, id)
	return t, ok && time.Now().Before(t.until)
}

// answer is the one place where errors become statuses.
func (a *api) answer(w http.ResponseWriter, result any, err error) {
	switch {
	case errors.Is(err, portal.ErrUnknownServer):
		failure(w, http.StatusNotFound, err.Error())
	case errors.Is(err, errBody):
		failure(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, portal.ErrNoAuthorization), errors.Is(err, portal.ErrNoGateway):
		failure(w, http.StatusConflict, err.Error())
	case err != nil:
		failure(w, http.StatusBadGateway, err.Error())
	default:
		success(w, result)
	}
}

func success(w http.ResponseWriter, result any) {
	write(w, http.StatusOK, map[string]any{"success": true, "result": result})
}

func failure(w http.ResponseWriter, status int, why string) {
	write(w, status, map[string]any{"success": false, "errors": []map[string]string{{"message": why}}})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func page(w http.ResponseWriter, status int, title, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!doctype html><html lang=\"en\"><head><title>%[1]s</title><meta name=\"color-scheme\" content=\"light dark\"></head><body><h1>%[1]s</h1><p>%[2]s</p></body></html>\n",
		html.EscapeString(title), html.EscapeString(text))
}
