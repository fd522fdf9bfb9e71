package access

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// login sends the browser to the identity provider.
func (a *Access) login(w http.ResponseWriter, r *http.Request, f *flow) {
	if f.browser == "" {
		f.browser = opaque("")
	}
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
	f, ok := a.mine(r, q.Get("state"))
	if !ok {
		a.show(w, http.StatusForbidden, "message", message{Title: "This sign-in has expired", Text: "Please go back to your client and start again."})
		return
	}
	a.flows.take(q.Get("state"))
	if iss := q.Get("iss"); iss != "" && iss != a.OIDC.Issuer { // RFC 9207 §2.4
		a.show(w, http.StatusForbidden, "message", message{Title: "Another identity provider answered", Text: "Please start again."})
		return
	}
	if q.Get("error") != "" {
		a.denied(w, r, f, "the identity provider said "+q.Get("error"))
		return
	}
	who, err := a.provider.Identity(r, f.login, q.Get("code"))
	if err != nil {
		a.Logger.Warn("sign in", "error", err)
		a.denied(w, r, f, "the identity provider did not say who signed in")
		return
	}
	if !a.Allow(who) {
		a.Logger.Info("sign in refused by policy", "subject", who.Subject)
		a.denied(w, r, f, "That account does not have access")
		return
	}
	a.welcome(w, r, f, who)
}

// denied ends a flow at its client, or on a page if no client asked.
func (a *Access) denied(w http.ResponseWriter, r *http.Request, f *flow, why string) {
	if f.redirect == "" {
		a.show(w, http.StatusForbidden, "message", message{Title: "No access", Text: why})
		return
	}
	a.sendBack(w, r, f, url.Values{"error": {accessDenied.Code}, "error_description": {why}})
}

// welcome gives the browser a session and sends it on: to the page it wanted,
// or by way of the portal's own page to the end of the client's flow.
func (a *Access) welcome(w http.ResponseWriter, r *http.Request, f *flow, who Identity) {
	cookie := opaque("")
	b := &browser{id: "browser:" + opaque("")[:26], who: who, ends: time.Now().Add(24 * time.Hour)}
	if !a.browsers.put(cookie, b) {
		a.denied(w, r, f, "too many people are signed in")
		return
	}
	a.setCookie(w, sessionCookie, cookie, 24*time.Hour)
	to := f.returnTo
	if f.redirect != "" {
		f.who, f.signedIn = who, true
		id := opaque("")
		a.flows.put(id, f)
		to = "/oauth/finish?tx=" + id
		if a.Interlude != "" {
			to = a.Interlude + "?continue=" + url.QueryEscape(to)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// finish ends a client's flow with a code (RFC 6749 §4.1.2).
func (a *Access) finish(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("tx")
	f, ok := a.mine(r, id)
	if !ok || !f.signedIn {
		a.show(w, http.StatusForbidden, "message", message{Title: "This sign-in has expired", Text: "Please go back to your client and start again."})
		return
	}
	a.flows.take(id)
	code := a.grants.issueCode(f)
	if code == "" {
		a.sendBack(w, r, f, url.Values{"error": {temporarilyUnavailable.Code}})
		return
	}
	a.sendBack(w, r, f, url.Values{"code": {code}})
}

// openID is the identity provider as OpenID Connect Discovery describes it,
// found at first use and again after a failure.
type openID struct {
	config      OIDCConfig
	client      *http.Client
	redirectURI string

	mu    sync.Mutex
	found *oidc.Provider
}

func (o *openID) discover(r *http.Request) (context.Context, *oidc.Provider, error) {
	ctx := oidc.ClientContext(r.Context(), o.client)
	o.mu.Lock()
	found := o.found
	o.mu.Unlock()
	if found != nil {
		return ctx, found, nil
	}
	// The provider keeps its context for fetching keys: it must outlive the request.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(r.Context()), o.client), o.config.Issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("discover the identity provider: %w", err)
	}
	o.mu.Lock()
	o.found = found
	o.mu.Unlock()
	return ctx, found, nil
}

func (o *openID) oauth(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: o.config.ClientID, ClientSecret: string(o.config.ClientSecret), Endpoint: p.Endpoint(),
		RedirectURL: o.redirectURI, Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
}

// AuthorizationURL is where the browser goes to sign in.
func (o *openID) AuthorizationURL(r *http.Request, l Login) (string, error) {
	_, p, err := o.discover(r)
	if err != nil {
		return "", err
	}
	return o.oauth(p).AuthCodeURL(l.State, oidc.Nonce(l.Nonce), oauth2.S256ChallengeOption(l.Verifier)), nil
}

// Identity exchanges the code and checks the ID token (OpenID Connect Core
// §3.1.3.7).
func (o *openID) Identity(r *http.Request, l Login, code string) (Identity, error) {
	ctx, p, err := o.discover(r)
	if err != nil {
		return Identity{}, err
	}
	tokens, err := o.oauth(p).Exchange(ctx, code, oauth2.VerifierOption(l.Verifier))
	if err != nil {
		return Identity{}, fmt.Errorf("exchange the code: %w", err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return Identity{}, fmt.Errorf("the answer has no ID token")
	}
	id, err := p.Verifier(&oidc.Config{ClientID: o.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return Identity{}, fmt.Errorf("verify the ID token: %w", err)
	}
	if id.Nonce != l.Nonce {
		return Identity{}, fmt.Errorf("the ID token has another nonce")
	}
	var claims struct{ Email, Name string }
	if err := id.Claims(&claims); err != nil {
		return Identity{}, fmt.Errorf("read the ID token: %w", err)
	}
	return Identity{Subject: id.Subject, Email: strings.ToLower(claims.Email), Name: claims.Name}, nil
}
