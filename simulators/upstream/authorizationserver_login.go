package upstream

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

// cookies are named after the server: on loopback every party shares one
// cookie host.
type cookies struct{ signIn, page string }

func newCookies(name string) cookies {
	return cookies{signIn: "__Host-" + name, page: "__Host-" + name + "-page"}
}

func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// signIns are the people signed in, by the value of their cookie.
type signIns struct {
	clock *clock

	mu  sync.Mutex
	all map[string]signIn
}

type signIn struct {
	account Account
	expires time.Time
}

// signInLifetime is how long somebody stays signed in.
const signInLifetime = 12 * time.Hour

func newSignIns(c *clock) *signIns { return &signIns{clock: c, all: map[string]signIn{}} }

func (s *signIns) get(id string) (Account, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.all[id]
	return found.account, ok && s.clock.now().Before(found.expires)
}

// add signs somebody in under a fresh name, so that one planted in the browser
// beforehand is worth nothing.
func (s *signIns) add(account Account) string {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[id] = signIn{account: account, expires: s.clock.now().Add(signInLifetime)}
	return id
}

func (a *AuthorizationServer) signedIn(r *http.Request) (Account, bool) {
	c, err := r.Cookie(a.cookies.signIn)
	if err != nil {
		return Account{}, false
	}
	return a.signIns.get(c.Value)
}

// page is a page that was shown and not answered yet. The token in its form is
// good once, for ten minutes, and only together with the browser's cookie.
type page struct {
	authorization authorization
	browser       string
	account       *Account // whom the consent page was shown to; nil: it was the sign-in page
	expires       time.Time
}

// pending are the pages not answered yet.
type pending struct {
	clock *clock

	mu  sync.Mutex
	all map[string]page
}

func newPending(c *clock) *pending { return &pending{clock: c, all: map[string]page{}} }

func (p *pending) put(shown page) string {
	token := rand.Text()
	shown.expires = p.clock.now().Add(10 * time.Minute)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[token] = shown
	return token
}

// take gives the page of a form back, once.
func (p *pending) take(r *http.Request, cookie, token string) (page, bool) {
	c, err := r.Cookie(cookie)
	p.mu.Lock()
	defer p.mu.Unlock()
	shown, ok := p.all[token]
	if !ok || err != nil || !equal(c.Value, shown.browser) {
		return page{}, false
	}
	delete(p.all, token)
	return shown, p.clock.now().Before(shown.expires)
}

// browser is the name of the browser that pages are shown to, given on first
// sight.
func (a *AuthorizationServer) browser(w http.ResponseWriter, r *http.Request) string {
	if c, err := r.Cookie(a.cookies.page); err == nil && c.Value != "" {
		return c.Value // the pages of several tabs stay valid side by side
	}
	name := rand.Text()
	setCookie(w, a.cookies.page, name)
	return name
}

func (a *AuthorizationServer) askPassword(w http.ResponseWriter, r *http.Request, request authorization) {
	token := a.pending.put(page{authorization: request, browser: a.browser(w, r)})
	a.pages.login(w, http.StatusOK, loginPage{Client: request.to.client.name, Resource: a.resource, Token: token})
}

func (a *AuthorizationServer) serveLogin(w http.ResponseWriter, r *http.Request) {
	form, refusal := readForm(w, r)
	if refusal != nil {
		a.pages.problem(w, http.StatusBadRequest, "The form cannot be read.")
		return
	}
	shown, ok := a.pending.take(r, a.cookies.page, form.Get("token"))
	if !ok || shown.account != nil {
		a.pages.problem(w, http.StatusForbidden, "This page was used already, has expired, or belongs to another browser.")
		return
	}
	account, ok := a.authenticate(form.Get("username"), form.Get("password"))
	if !ok {
		// It does not say which of the two was wrong.
		a.pages.login(w, http.StatusForbidden, loginPage{
			Client: shown.authorization.to.client.name, Resource: a.resource, Token: a.pending.put(shown), Problem: "Username or password is wrong.",
		})
		return
	}
	setCookie(w, a.cookies.signIn, a.signIns.add(account))
	a.askConsent(w, r, shown.authorization, account)
}

func (a *AuthorizationServer) authenticate(name, password string) (Account, bool) {
	for _, each := range a.people {
		if each.Name == name {
			return each, equal(each.Password, password)
		}
	}
	return Account{}, false
}
