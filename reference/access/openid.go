package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	providerWait = 10 * time.Second
	maxSubject   = 255 // OpenID Connect Core §2
)

// openID is the identity provider as OpenID Connect Discovery describes it,
// found at first use and again after a failure.
type openID struct {
	config      OIDCConfig
	client      *http.Client
	redirectURI string

	mu    sync.Mutex
	found *oidc.Provider
}

// newOpenID bounds every request to the provider in time: go-oidc fetches keys
// on goroutines of its own, which no context of ours ends.
func newOpenID(c OIDCConfig, h *http.Client, redirectURI string) *openID {
	bounded := *h
	if bounded.Timeout == 0 {
		bounded.Timeout = providerWait
	}
	return &openID{config: c, client: &bounded, redirectURI: redirectURI}
}

func (o *openID) discover(r *http.Request) (context.Context, *oidc.Provider, error) {
	ctx := oidc.ClientContext(r.Context(), o.client)
	o.mu.Lock()
	found := o.found
	o.mu.Unlock()
	if found != nil {
		return ctx, found, nil
	}
	found, err := oidc.NewProvider(ctx, o.config.Issuer)
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
		return Identity{}, errors.New("the answer has no ID token")
	}
	id, err := p.Verifier(&oidc.Config{ClientID: o.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return Identity{}, fmt.Errorf("verify the ID token: %w", err)
	}
	if id.Nonce != l.Nonce {
		return Identity{}, errors.New("the ID token has another nonce")
	}
	return identityOf(id)
}

// identityOf reads the claims of a verified ID token. An email that the provider
// says is unverified is anybody's, and a policy must not see it (OpenID Connect
// Core §5.7); a provider that says nothing vouches for its people.
func identityOf(id *oidc.IDToken) (Identity, error) {
	var claims struct {
		Email    string `json:"email"`
		Name     string `json:"name"`
		Verified any    `json:"email_verified"` // some send a string
	}
	if err := id.Claims(&claims); err != nil {
		return Identity{}, fmt.Errorf("read the ID token: %w", err)
	}
	if id.Subject == "" || len(id.Subject) > maxSubject {
		return Identity{}, errors.New("the ID token has no usable subject")
	}
	if claims.Verified != nil && claims.Verified != true && claims.Verified != "true" {
		claims.Email = ""
	}
	return Identity{Subject: id.Subject, Email: strings.ToLower(claims.Email), Name: claims.Name}, nil
}
