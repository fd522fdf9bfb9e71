package upstream

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorization is an authorization request that passed every check.
type authorization struct {
	to        destination
	challenge string // S256, RFC 7636 §4.3
	scopes    []string
}

// destination is where the answer to an authorization request goes. It exists
// only once client and redirect URI are known to belong together.
type destination struct {
	client      client
	redirectURI string
	state       string
}

// serveAuthorize is the authorization endpoint, RFC 6749 §3.1.
func (a *AuthorizationServer) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		a.pages.problem(w, http.StatusBadRequest, "The request cannot be read.")
		return
	}
	to, problem := a.destinationOf(query)
	if problem != "" {
		a.pages.problem(w, http.StatusBadRequest, problem)
		return
	}
	request, refusal := a.readAuthorization(query, to)
	if refusal != nil {
		a.redirect(w, r, to, refusal.parameters())
		return
	}
	if account, signedIn := a.signedIn(r); signedIn {
		a.askConsent(w, r, request, account)
		return
	}
	a.askPassword(w, r, request)
}

// destinationOf decides whether an answer may leave by redirect at all. A
// problem is for the person to read: RFC 6749 §4.1.2.1 forbids to redirect
// with it. Redirect URIs are compared as strings (RFC 9700 §2.1).
func (a *AuthorizationServer) destinationOf(query url.Values) (to destination, problem string) {
	found, known := a.clients.get(query.Get("client_id"))
	if !known || len(query["client_id"]) > 1 {
		return to, "The application that sent you here is not known."
	}
	uri := query.Get("redirect_uri")
	if !slices.Contains(found.redirectURIs, uri) || len(query["redirect_uri"]) > 1 {
		return to, "The application wants you back at an address that is not registered for it."
	}
	return destination{client: found, redirectURI: uri, state: query.Get("state")}, ""
}

func (a *AuthorizationServer) readAuthorization(query url.Values, to destination) (authorization, *oauthError) {
	form, refusal := single(query)
	if refusal != nil {
		return authorization{}, refusal
	}
	switch {
	case form.Get("response_type") == "":
		return authorization{}, errInvalidRequest.because("response_type is missing")
	case form.Get("response_type") != "code":
		return authorization{}, errUnsupportedResponseType.because("only code is supported")
	case form.Has("response_mode") && form.Get("response_mode") != "query":
		return authorization{}, errInvalidRequest.because("only response_mode query is supported")
	case form.Has("request") || form.Has("request_uri"):
		return authorization{}, errInvalidRequest.because("request objects are not supported")
	}
	if refusal := checkChallenge(form); refusal != nil {
		return authorization{}, refusal
	}
	if refusal := a.checkResource(form); refusal != nil {
		return authorization{}, refusal
	}
	scopes, refusal := a.scopesOf(form.Get("scope"))
	return authorization{to: to, challenge: form.Get("code_challenge"), scopes: scopes}, refusal
}

// checkChallenge insists on PKCE with S256, RFC 9700 §2.1.1. A method left out
// means plain (RFC 7636 §4.3) and is refused like plain.
func checkChallenge(form url.Values) *oauthError {
	challenge := form.Get("code_challenge")
	if challenge == "" {
		return errInvalidRequest.because("code_challenge is missing")
	}
	if form.Get("code_challenge_method") != "S256" {
		return errInvalidRequest.because("code_challenge_method must be S256")
	}
	sum, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	if err != nil || len(sum) != 32 {
		return errInvalidRequest.because("code_challenge is not a base64url SHA-256 sum")
	}
	return nil
}

// checkResource: the parameter "MUST be included in both authorization requests
// and token requests" and name the server the token is for (MCP 2025-11-25
// Authorization, "Resource Parameter Implementation"; RFC 8707 §2).
func (a *AuthorizationServer) checkResource(form url.Values) *oauthError {
	if form.Get("resource") != a.resource {
		return errInvalidTarget.because("resource is missing or not one that tokens are issued for")
	}
	return nil
}

// redirect sends an answer to the client: its state unchanged, and iss, so that
// it can tell which server answered (RFC 9207 §2).
func (a *AuthorizationServer) redirect(w http.ResponseWriter, r *http.Request, to destination, parameters url.Values) {
	parameters.Set("iss", a.issuer)
	if to.state != "" {
		parameters.Set("state", to.state)
	}
	separator := "?"
	if strings.Contains(to.redirectURI, "?") {
		separator = "&"
	}
	guardHeaders(w.Header())
	// 303 turns the form's POST into a GET, so that nothing typed is sent on (RFC 9700 §4.12).
	http.Redirect(w, r, to.redirectURI+separator+parameters.Encode(), http.StatusSeeOther)
}
