package access

import (
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// login sends the browser to the identity provider.
func (a *Access) login(w http.ResponseWriter, r *http.Request, f *flow) {
	if f.browser == "" {
		f.browser = binding(r)
	}
	f.stage = agreed
	f.login = Login{State: opaque(""), Nonce: opaque(""), Verifier: oauth2.GenerateVerifier()}
	to, err := a.provider.AuthorizationURL(r, f.login)
	if err != nil || !a.flows.put(f.login.State, f) {
		a.Logger.Error("identity provider", "error", err)
		a.show(w, http.StatusBadGateway, "message", message{Title: "The identity provider does not answer", Text: "Please try again in a while."})
		return
	}
	a.remember(w, f)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// callback is where the identity provider sends the browser back to.
func (a *Access) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f, ok := a.claim(r, q.Get("state"), agreed, func(*flow) bool { return true })
	if !ok {
		a.show(w, http.StatusForbidden, "message", message{Title: "This sign-in has expired", Text: "Please go back to your client and start again."})
		return
	}
	if iss := q.Get("iss"); iss != "" && iss != a.OIDC.Issuer { // RFC 9207 §2.4
		a.show(w, http.StatusForbidden, "message", message{Title: "Another identity provider answered", Text: "Please start again."})
		return
	}
	if q.Get("error") != "" {
		// What it said is anybody's text in an address: the log may have it, the client not.
		a.Logger.Info("the identity provider refused", "error", q.Get("error"))
		a.fail(w, r, f, accessDenied.because("the identity provider refused to sign in"))
		return
	}
	who, err := a.provider.Identity(r, f.login, q.Get("code"))
	if err != nil {
		a.Logger.Warn("sign in", "error", err)
		a.fail(w, r, f, serverError.because("the identity provider did not say who signed in"))
		return
	}
	if !a.Allow(who) {
		a.Logger.Info("sign in refused by policy", "subject", who.Subject)
		a.fail(w, r, f, accessDenied.because("That account does not have access"))
		return
	}
	a.welcome(w, r, f, who)
}

// fail ends a flow at its client, or on a page if no client asked.
func (a *Access) fail(w http.ResponseWriter, r *http.Request, f *flow, e oauthError) {
	if f.redirect == "" {
		a.show(w, e.Status, "message", message{Title: "No access", Text: e.Description})
		return
	}
	a.sendBack(w, r, f, url.Values{"error": {e.Code}, "error_description": {e.Description}})
}

// welcome gives the browser a session and sends it on: to the page it wanted,
// or by way of the portal's own page to the end of the client's flow.
func (a *Access) welcome(w http.ResponseWriter, r *http.Request, f *flow, who Identity) {
	cookie := opaque("")
	b := &browser{id: "browser:" + opaque("")[:26], who: who, ends: time.Now().Add(sessionLife)}
	if !a.browsers.put(cookie, b) {
		a.fail(w, r, f, temporarilyUnavailable.because("too many people are signed in"))
		return
	}
	if old, err := r.Cookie(sessionCookie); err == nil {
		a.browsers.drop(old.Value) // one browser has one session: the newest
	}
	a.setCookie(w, sessionCookie, cookie, sessionLife)
	to := f.returnTo
	if f.redirect != "" {
		f.who, f.stage = who, signedIn
		id := opaque("")
		if !a.flows.put(id, f) {
			a.fail(w, r, f, temporarilyUnavailable)
			return
		}
		a.remember(w, f) // the portal's page may take as long as the login did
		to = "/oauth/finish?tx=" + id
		if a.Interlude != "" {
			to = a.Interlude + "?continue=" + url.QueryEscape(to)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// finish ends a client's flow with a code (RFC 6749 §4.1.2), if the person of
// the flow is still the one who is signed in.
func (a *Access) finish(w http.ResponseWriter, r *http.Request) {
	b, signed := a.session(r)
	f, ok := a.claim(r, r.URL.Query().Get("tx"), signedIn, func(f *flow) bool { return signed && b.who.Subject == f.who.Subject })
	if !ok {
		a.show(w, http.StatusForbidden, "message", message{Title: "This sign-in has expired", Text: "Please go back to your client and start again."})
		return
	}
	code := a.grants.issueCode(f)
	if code == "" {
		a.sendBack(w, r, f, url.Values{"error": {temporarilyUnavailable.Code}})
		return
	}
	a.clients.used(f.client)
	a.record.save()
	a.sendBack(w, r, f, url.Values{"code": {code}})
}
