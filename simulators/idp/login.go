package idp

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"
)

// The cookies are named after the provider: on loopback every party shares one
// cookie host.
const (
	sessionCookie = "__Host-idp"
	loginCookie   = "__Host-idp-login"
)

// session is one person signed in with one browser.
type session struct {
	person   Person
	signedIn time.Time
}

// login is a login page that was shown and not answered yet.
type login struct {
	authorization authorization
	browser       string // the login cookie of the browser that was shown the page
}

func (p *Provider) sessionOf(r *http.Request) (session, bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}, false
	}
	return p.sessions.get(c.Value)
}

// askPassword shows the login page. The form's token is good only together
// with the cookie: a page fetched by somebody else signs nobody in here.
func (p *Provider) askPassword(w http.ResponseWriter, r *http.Request, a authorization) {
	browser := rand.Text()
	if c, err := r.Cookie(loginCookie); err == nil && c.Value != "" {
		browser = c.Value // the pages of several tabs stay valid side by side
	}
	setCookie(w, loginCookie, browser)
	p.pages.writeLogin(w, http.StatusOK, loginForm{
		Client:   a.reply.client.ID,
		CSRF:     p.logins.put(login{authorization: a, browser: browser}),
		Username: a.loginHint,
	})
}

func (p *Provider) serveLogin(w http.ResponseWriter, r *http.Request) {
	form, err := postForm(r)
	if err != nil || repeats(form) {
		p.pages.writeProblem(w, http.StatusBadRequest, "The form cannot be read.")
		return
	}
	token := form.Get("csrf_token")
	shown, ok := p.logins.get(token)
	if !ok || !sameBrowser(r, shown.browser) {
		p.pages.writeProblem(w, http.StatusForbidden, "This sign-in page has expired or belongs to another browser. Go back to the application and start again.")
		return
	}
	person, ok := p.authenticate(form.Get("username"), form.Get("password"))
	if !ok {
		p.askAgain(w, loginForm{Client: shown.authorization.reply.client.ID, CSRF: token, Username: form.Get("username")})
		return
	}
	if _, ok := p.logins.take(token); !ok {
		p.pages.writeProblem(w, http.StatusForbidden, "This sign-in page was used already.")
		return
	}
	a := shown.authorization
	sendBack(w, r, p.location(a.reply, p.codeFor(a, p.signIn(w, r, person))))
}

// askAgain does not say which of the two was wrong. RFC 9110 §15.5.2 wants a
// challenge with every 401; no browser knows this one, so they show the page.
func (p *Provider) askAgain(w http.ResponseWriter, form loginForm) {
	form.Problem = "Username or password is wrong."
	w.Header().Set("WWW-Authenticate", `Form realm="`+p.issuer+`"`)
	p.pages.writeLogin(w, http.StatusUnauthorized, form)
}

func (p *Provider) authenticate(username, password string) (Person, bool) {
	name := strings.TrimSpace(username)
	person, ok := p.people[name]
	if !ok {
		person, ok = p.people[strings.ToLower(name)]
	}
	return person, equal(person.Password, password) && ok
}

// signIn starts a session under a fresh name, so that one planted in the
// browser beforehand is worth nothing, and ends the one it replaces.
func (p *Provider) signIn(w http.ResponseWriter, r *http.Request, person Person) session {
	if old, err := r.Cookie(sessionCookie); err == nil {
		p.sessions.take(old.Value)
	}
	s := session{person: person, signedIn: p.clock.now()}
	setCookie(w, sessionCookie, p.sessions.put(s))
	p.keeper.keep()
	return s
}

func sameBrowser(r *http.Request, browser string) bool {
	c, err := r.Cookie(loginCookie)
	return err == nil && equal(c.Value, browser)
}

func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// equal takes the same time whatever differs, lengths included.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
