package idp_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
)

// The whole flow with the libraries a relying party would use.
func TestRelyingPartyWithGoOIDC(t *testing.T) {
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		p := start(t)
		ctx := oidc.ClientContext(t.Context(), p.browser)
		provider, err := oidc.NewProvider(ctx, p.origin)
		if err != nil {
			t.Fatal(err)
		}
		rp := oauth2.Config{ClientID: "access", ClientSecret: secret, Endpoint: provider.Endpoint(), RedirectURL: callback, Scopes: []string{"openid", "email", "profile"}}
		rp.Endpoint.AuthStyle = style

		verifier := oauth2.GenerateVerifier()
		page := p.get(t, rp.AuthCodeURL("state-1", oauth2.S256ChallengeOption(verifier), oidc.Nonce("nonce-1")))
		answer := p.signIn(t, page, "alice@example.com", "correct horse").redirect(t)
		want(t, "iss", answer.Get("iss"), p.origin)
		want(t, "state", answer.Get("state"), "state-1")

		token, err := rp.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		checkIDToken(ctx, t, provider, token)
		checkUserInfo(ctx, t, provider, token)
	}
}

func checkIDToken(ctx context.Context, t *testing.T, provider *oidc.Provider, token *oauth2.Token) {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: "access"}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		t.Error("at_hash:", err)
	}
	want(t, "nonce", id.Nonce, "nonce-1")
	var got struct {
		Subject  string `json:"sub"`
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Name     string `json:"name"`
		AuthTime int64  `json:"auth_time"`
		Issued   int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}
	if err := id.Claims(&got); err != nil {
		t.Fatal(err)
	}
	if got.AuthTime == 0 || got.Expires-got.Issued != 3600 {
		t.Errorf("auth_time %d, iat %d, exp %d", got.AuthTime, got.Issued, got.Expires)
	}
	want(t, "person", got.Subject+" "+got.Email+" "+got.Name, "alice alice@example.com Alice Ardley")
	if !got.Verified {
		t.Error("email is not verified")
	}
}

func checkUserInfo(ctx context.Context, t *testing.T, provider *oidc.Provider, token *oauth2.Token) {
	t.Helper()
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	if err := info.Claims(&got); err != nil {
		t.Fatal(err)
	}
	expected := map[string]any{"sub": "alice", "email": "alice@example.com", "email_verified": true, "name": "Alice Ardley"}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Error(diff)
	}
}

func TestMetadata(t *testing.T) {
	p := start(t)
	got := p.get(t, p.origin+"/.well-known/openid-configuration").json(t)
	expected := map[string]any{
		"issuer":                                         p.origin,
		"authorization_endpoint":                         p.origin + "/authorize",
		"token_endpoint":                                 p.origin + "/token",
		"userinfo_endpoint":                              p.origin + "/userinfo",
		"jwks_uri":                                       p.origin + "/jwks",
		"response_types_supported":                       []any{"code"},
		"subject_types_supported":                        []any{"public"},
		"id_token_signing_alg_values_supported":          []any{"RS256"},
		"code_challenge_methods_supported":               []any{"S256"},
		"token_endpoint_auth_methods_supported":          []any{"client_secret_basic", "client_secret_post"},
		"request_uri_parameter_supported":                false,
		"authorization_response_iss_parameter_supported": true,
	}
	for name, value := range expected {
		if diff := cmp.Diff(value, got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestClaimsFollowScopes(t *testing.T) {
	p := start(t)
	for scope, expected := range map[string]map[string]any{
		"openid":         {"sub": "alice"},
		"openid email":   {"sub": "alice", "email": "alice@example.com", "email_verified": true},
		"openid profile": {"sub": "alice", "name": "Alice Ardley"},
		"openid offline": {"sub": "alice"},
	} {
		code := p.code(t, "scope", scope)
		token := p.redeem(t, code).json(t)
		if got := p.userInfo(t, token["access_token"].(string)).json(t); cmp.Diff(expected, got) != "" {
			t.Errorf("scope %q: %s", scope, cmp.Diff(expected, got))
		}
	}
}

func TestASecondAuthorizationNeedsNoPassword(t *testing.T) {
	p := start(t)
	p.signIn(t, p.get(t, p.authorization()), "ALICE@example.com ", "correct horse").redirect(t)
	for name, change := range map[string][]string{
		"same session": nil,
		"prompt=none":  {"prompt", "none"},
		"max_age":      {"max_age", "60"},
	} {
		if p.get(t, p.authorization(change...)).redirect(t).Get("code") == "" {
			t.Errorf("%s: no code", name)
		}
	}
	for name, change := range map[string][]string{
		"prompt=login":          {"prompt", "login"},
		"prompt=consent":        {"prompt", "consent"},
		"prompt=select_account": {"prompt", "select_account"},
		"max_age=0":             {"max_age", "0"},
	} {
		page := p.get(t, p.authorization(change...))
		if page.status != http.StatusOK || page.field("csrf_token") == "" {
			t.Errorf("%s: %d, want the login page", name, page.status)
		}
	}
}

func TestAuthorizationByPost(t *testing.T) {
	p := start(t)
	page := p.post(t, p.origin+"/authorize", p.parameters())
	if page.field("csrf_token") == "" {
		t.Fatalf("%d %s", page.status, page.body)
	}
	p.signIn(t, page, "alice", "correct horse").redirect(t)
}

func TestRedirectURIKeepsItsQuery(t *testing.T) {
	p := start(t)
	page := p.get(t, p.authorization("redirect_uri", callback+"?tenant=1"))
	answer := p.signIn(t, page, "alice", "correct horse").redirect(t)
	want(t, "tenant", answer.Get("tenant"), "1")
	if answer.Get("code") == "" {
		t.Error("no code")
	}
}

func TestSigningInReplacesTheSession(t *testing.T) {
	p := start(t)
	p.signIn(t, p.get(t, p.authorization()), "alice", "correct horse").redirect(t)
	origin, _ := url.Parse(p.origin)
	before := p.fresh()
	before.browser.Jar.SetCookies(origin, p.browser.Jar.Cookies(origin))
	if before.get(t, p.authorization("prompt", "none")).redirect(t).Get("code") == "" {
		t.Fatal("the copied cookies are no session")
	}
	p.signIn(t, p.get(t, p.authorization("prompt", "login")), "bob", "battery staple").redirect(t)
	want(t, "old session", before.get(t, p.authorization("prompt", "none")).redirect(t).Get("error"), "login_required")
	code := p.get(t, p.authorization("prompt", "none")).redirect(t).Get("code")
	token := p.redeem(t, code).json(t)["access_token"].(string)
	want(t, "signed in", p.userInfo(t, token).json(t)["sub"].(string), "bob")
}
