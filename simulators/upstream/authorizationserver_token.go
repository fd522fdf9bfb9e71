package upstream

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// serveToken is the token endpoint, RFC 6749 §3.2.
func (a *AuthorizationServer) serveToken(w http.ResponseWriter, r *http.Request) {
	issued, refusal := a.token(w, r)
	a.keeper.keep() // a refusal can end a family
	if refusal != nil {
		refusal.write(w)
		return
	}
	answer := map[string]any{
		"access_token": issued.access,
		"token_type":   "Bearer",
		"expires_in":   int(issued.lifetime.Seconds()),
		"scope":        strings.Join(issued.scopes, " "),
	}
	if issued.refresh != "" {
		answer["refresh_token"] = issued.refresh
	}
	writeJSON(w, http.StatusOK, answer)
}

func (a *AuthorizationServer) token(w http.ResponseWriter, r *http.Request) (tokens, *oauthError) {
	form, refusal := readForm(w, r)
	if refusal != nil {
		return tokens{}, refusal
	}
	c, refusal := a.clients.authenticate(r, form)
	if refusal != nil {
		return tokens{}, refusal
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return a.redeem(c, form)
	case "refresh_token":
		return a.refresh(c, form)
	case "":
		return tokens{}, errInvalidRequest.because("grant_type is missing")
	default:
		return tokens{}, errUnsupportedGrantType
	}
}

// verifierForm is the form of a code_verifier, RFC 7636 §4.1.
const verifierForm = `^[A-Za-z0-9._~-]{43,128}$`

// redeem exchanges a code for tokens, RFC 6749 §4.1.3.
func (a *AuthorizationServer) redeem(c client, form url.Values) (tokens, *oauthError) {
	if form.Get("code") == "" {
		return tokens{}, errInvalidRequest.because("code is missing")
	}
	if !regexp.MustCompile(verifierForm).MatchString(form.Get("code_verifier")) {
		return tokens{}, errInvalidRequest.because("code_verifier is missing or malformed")
	}
	if refusal := a.checkResource(form); refusal != nil {
		return tokens{}, refusal
	}
	return a.grants.redeem(form.Get("code"), redemption{
		client: c, redirectURI: form.Get("redirect_uri"), verifier: form.Get("code_verifier"),
	})
}

// refresh exchanges a refresh token for new tokens, RFC 6749 §6.
func (a *AuthorizationServer) refresh(c client, form url.Values) (tokens, *oauthError) {
	if !c.refreshes() {
		return tokens{}, errUnauthorizedClient.because("the client is not registered for refresh_token")
	}
	if form.Get("refresh_token") == "" {
		return tokens{}, errInvalidRequest.because("refresh_token is missing")
	}
	if refusal := a.checkResource(form); refusal != nil {
		return tokens{}, refusal
	}
	return a.grants.rotate(form.Get("refresh_token"), rotation{
		client: c, resource: a.resource, scopes: strings.Fields(form.Get("scope")),
	})
}

// serveRevoke is the revocation endpoint, RFC 7009 §2. A token that is not
// known, or not any more, is answered like one that was revoked just now.
func (a *AuthorizationServer) serveRevoke(w http.ResponseWriter, r *http.Request) {
	form, refusal := readForm(w, r)
	if refusal != nil {
		refusal.write(w)
		return
	}
	c, refusal := a.clients.authenticate(r, form)
	if refusal == nil && form.Get("token") == "" {
		refusal = errInvalidRequest.because("token is missing")
	}
	if refusal == nil {
		refusal = a.grants.revoke(form.Get("token"), c)
		a.keeper.keep()
	}
	if refusal != nil {
		refusal.write(w)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}
