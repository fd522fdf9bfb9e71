package upstream

import (
	"net/http"
	"net/url"
)

// askConsent shows who asks for what, and where the answer goes. It is shown
// every time: a client that registers itself can call itself anything.
func (a *AuthorizationServer) askConsent(w http.ResponseWriter, r *http.Request, request authorization, account Account) {
	host := request.to.redirectURI
	if u, err := url.Parse(host); err == nil {
		host = u.Host
	}
	token := a.pending.put(page{authorization: request, browser: a.browser(w, r), account: &account})
	a.pages.consent(w, consentPage{
		Client: request.to.client.name, Host: host, Account: account.Name,
		Resource: a.resource, Scopes: request.scopes, Token: token,
	})
}

func (a *AuthorizationServer) serveConsent(w http.ResponseWriter, r *http.Request) {
	form, refusal := readForm(w, r)
	if refusal != nil {
		a.pages.problem(w, http.StatusBadRequest, "The form cannot be read.")
		return
	}
	shown, ok := a.pending.take(r, a.cookies.page, form.Get("token"))
	if !ok || shown.account == nil {
		a.pages.problem(w, http.StatusForbidden, "This page was used already, has expired, or belongs to another browser.")
		return
	}
	if now, ok := a.signedIn(r); !ok || now.Subject != shown.account.Subject {
		a.pages.problem(w, http.StatusForbidden, "Somebody else is signed in now.")
		return
	}
	if form.Get("decision") != "allow" {
		a.redirect(w, r, shown.authorization.to, errAccessDenied.parameters())
		return
	}
	code := a.grants.code(shown.authorization, shown.account.Subject, a.resource)
	a.redirect(w, r, shown.authorization.to, url.Values{"code": {code}})
}
