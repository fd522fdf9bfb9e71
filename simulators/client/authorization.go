package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// signIn answers a challenge: it finds the authorization server, makes itself
// known, lets the browser through the authorization endpoint, and exchanges
// what comes back for a token.
func (c *Client) signIn(ctx context.Context, refused *HTTPError) error {
	ch := bearer(refused.Header)
	resource, server, err := c.discover(ctx, ch)
	if err != nil {
		return err
	}
	held := c.Credentials().at(server.Issuer, resource.Resource)
	held.Scope = scopes(held.Scope, ch.parameters["scope"], resource.Scopes)
	if held, err = c.identify(ctx, server, held); err != nil {
		return fmt.Errorf("make the client known to %s: %w", server.Issuer, err)
	}
	c.keep(held, server)
	request := c.newAuthorization(held, server)
	back, err := c.config.Browser.Visit(ctx, request.url, request.isAnswer)
	if err != nil {
		return fmt.Errorf("authorize at %s: %w", server.Issuer, err)
	}
	code, err := request.codeOf(back)
	if err != nil {
		return fmt.Errorf("authorize at %s: %w", server.Issuer, err)
	}
	held.AccessToken, held.RefreshToken = "", ""
	if held, err = c.token(ctx, server.Token, held, request.redemption(code)); err != nil {
		return fmt.Errorf("exchange the code at %s: %w", server.Token, err)
	}
	c.keep(held, server)
	return nil
}

// at is what may be used at an authorization server for a resource: everything
// at the one that issued it, nothing at another (MCP 2026-07-28 Client
// Registration, "Authorization Server Binding").
func (c Credentials) at(issuer, resource string) Credentials {
	switch {
	case c.Issuer != issuer:
		return Credentials{Issuer: issuer, Resource: resource}
	case c.Resource != resource:
		c.Resource, c.AccessToken, c.RefreshToken, c.Scope = resource, "", "", ""
	}
	return c
}

func (c *Client) keep(held Credentials, server serverMetadata) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.credentials, c.server = held, &server
}

// scopes is what to ask for: what the challenge names, else all the resource
// has, together with what was asked for before (MCP 2026-07-28 Authorization,
// "Scope Selection Strategy" and "Step-Up Authorization Flow").
func scopes(before, challenged string, supported []string) string {
	wanted := strings.Fields(challenged)
	if len(wanted) == 0 {
		wanted = supported
	}
	all := strings.Fields(before)
	for _, s := range wanted {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, " ")
}

// authorization is one authorization request and what its answer is held
// against.
type authorization struct {
	url         string
	redirectURI string
	state       string
	verifier    string // PKCE, RFC 7636 §4.1
	issuer      string // recorded before the browser leaves
	sendsIssuer bool
}

// newAuthorization makes an authorization request (RFC 6749 §4.1.1) with PKCE
// S256 and the resource it is for (RFC 8707 §2).
func (c *Client) newAuthorization(held Credentials, server serverMetadata) authorization {
	a := authorization{
		redirectURI: c.config.RedirectURI, state: rand.Text(), verifier: newVerifier(),
		issuer: server.Issuer, sendsIssuer: server.SendsIssuer,
	}
	sum := sha256.Sum256([]byte(a.verifier))
	query := url.Values{
		"response_type":         {"code"},
		"client_id":             {held.ClientID},
		"redirect_uri":          {a.redirectURI},
		"state":                 {a.state},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
		"resource":              {held.Resource},
	}
	if held.Scope != "" {
		query.Set("scope", held.Scope)
	}
	separator := "?"
	if strings.Contains(server.Authorization, "?") {
		separator = "&" // the endpoint's own query stays, RFC 6749 §3.1
	}
	a.url = server.Authorization + separator + query.Encode()
	return a
}

// newVerifier has 256 bits, as RFC 7636 §7.1 asks.
func newVerifier() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	return base64.RawURLEncoding.EncodeToString(random)
}

// isAnswer says whether the browser was sent to the redirect URI.
func (a authorization) isAnswer(u *url.URL) bool {
	to, err := url.Parse(a.redirectURI)
	return err == nil && u.Scheme == to.Scheme && u.Host == to.Host && u.Path == to.Path
}

// codeOf checks an authorization response and takes its code. Nothing in it is
// believed, an error neither, before state and iss are right.
func (a authorization) codeOf(back *url.URL) (string, error) {
	answer, err := url.ParseQuery(back.RawQuery)
	if err != nil {
		return "", fmt.Errorf("read the authorization response: %w", err)
	}
	for _, name := range []string{"state", "iss", "code", "error"} {
		if len(answer[name]) > 1 {
			return "", violation("a parameter is not included more than once", "RFC 6749 §3.1", "%s is", name)
		}
	}
	if answer.Get("state") != a.state {
		return "", violation("state is the one of the request", "RFC 6749 §4.1.2", "it is %q", answer.Get("state"))
	}
	if err := a.checkIssuer(answer); err != nil {
		return "", err
	}
	if answer.Has("error") {
		return "", &OAuthError{Code: answer.Get("error"), Description: answer.Get("error_description")}
	}
	if answer.Get("code") == "" {
		return "", violation("a response has code or error", "RFC 6749 §4.1.2", "it has neither")
	}
	return answer.Get("code"), nil
}

// redemption trades an authorization code for tokens (RFC 6749 §4.1.3).
func (a authorization) redemption(code string) url.Values {
	return url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {a.redirectURI},
		"code_verifier": {a.verifier},
	}
}

// checkIssuer is the table of MCP 2026-07-28 Authorization, "Authorization
// Response Validation"; the comparison is of strings, nothing is normalized
// (RFC 9207 §2.4).
func (a authorization) checkIssuer(answer url.Values) error {
	switch {
	case answer.Has("iss") && answer.Get("iss") != a.issuer:
		return violation("iss is the issuer that was asked", "RFC 9207 §2.4", "it is %q and not %q", answer.Get("iss"), a.issuer)
	case !answer.Has("iss") && a.sendsIssuer:
		return violation("iss is sent by a server that says so in its metadata", "RFC 9207 §2.3", "it is missing")
	}
	return nil
}
