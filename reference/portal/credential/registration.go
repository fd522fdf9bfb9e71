package credential

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// AuthMethod is how a client proves itself at the token endpoint
// (token_endpoint_auth_method, RFC 7591 §2).
type AuthMethod string

// The methods the portal speaks.
const (
	AuthNone  AuthMethod = "none"
	AuthBasic AuthMethod = "client_secret_basic"
	AuthPost  AuthMethod = "client_secret_post"
)

// Registration is the portal's client at one authorization server.
type Registration struct {
	ClientID     string
	ClientSecret Secret     // "": a public client
	AuthMethod   AuthMethod // "": none without a secret; with one, basic unless only post is offered
	// Issuer the client belongs to. "" in a manual registration: the first one
	// the server names; if it later names another, nothing is sent there.
	Issuer string
	// Endpoints of a manual registration whose authorization server publishes no
	// metadata. Both or none; with them none is looked for.
	AuthorizationEndpoint, TokenEndpoint string
}

func (r Registration) endpoints() bool { return r.AuthorizationEndpoint != "" && r.TokenEndpoint != "" }

// metadata stands in for the document that a manual registration replaces. That
// PKCE is supported is then the administrator's word; it is used in any case.
func (r Registration) metadata() (metadata, error) {
	for _, endpoint := range []string{r.AuthorizationEndpoint, r.TokenEndpoint} {
		if _, err := parseURL(endpoint); err != nil {
			return metadata{}, fmt.Errorf("%w: configured endpoint: %w", ErrMetadata, err)
		}
	}
	return metadata{Issuer: r.Issuer, Authorization: r.AuthorizationEndpoint, Token: r.TokenEndpoint}, nil
}

// manual returns the configured client, settled for this authorization server.
func (r Registration) manual(as metadata, pinned string) (Registration, error) {
	switch {
	case r.ClientID == "":
		return r, fmt.Errorf("%w: the configured one has no client id", ErrRegistration)
	case r.Issuer != "" && r.Issuer != as.Issuer, r.Issuer == "" && pinned != as.Issuer:
		return r, fmt.Errorf("%w: the configured client belongs to another issuer than %q", ErrRegistration, quote(as.Issuer))
	}
	r.Issuer = as.Issuer
	if r.AuthMethod == "" {
		r.AuthMethod = AuthNone
		if r.ClientSecret != "" {
			r.AuthMethod = pick(as.AuthMethods, AuthBasic, AuthPost)
		}
	}
	return r, r.checkMethod()
}

func (r Registration) checkMethod() error {
	switch {
	case r.AuthMethod != AuthNone && r.AuthMethod != AuthBasic && r.AuthMethod != AuthPost:
		return fmt.Errorf("%w: no token endpoint authentication method in common", ErrRegistration)
	case r.AuthMethod != AuthNone && r.ClientSecret == "":
		return fmt.Errorf("%w: %s without a client secret", ErrRegistration, r.AuthMethod)
	}
	return nil
}

// pick returns the first of ours that is offered; "" if there is none. No list
// means client_secret_basic (RFC 8414 §2).
func pick(offered []string, ours ...AuthMethod) AuthMethod {
	if len(offered) == 0 {
		offered = []string{string(AuthBasic)}
	}
	for _, m := range ours {
		if slices.Contains(offered, string(m)) {
			return m
		}
	}
	return ""
}

// authenticate puts the client's proof on a token request (RFC 6749 §2.3.1):
// the two halves of Basic are form-encoded first.
func (r Registration) authenticate(h http.Header, form url.Values) {
	switch r.AuthMethod {
	case AuthBasic:
		req := http.Request{Header: h}
		req.SetBasicAuth(url.QueryEscape(r.ClientID), url.QueryEscape(string(r.ClientSecret)))
		return
	case AuthPost:
		form.Set("client_secret", string(r.ClientSecret))
	}
	form.Set("client_id", r.ClientID)
}

// client is a dynamic registration and the time until which it is good.
type client struct {
	Registration
	expires time.Time // zero: never
}

func (c client) good(now time.Time) bool {
	return c.ClientID != "" && (c.expires.IsZero() || now.Before(c.expires))
}

type registrationRequest struct {
	Name            string     `json:"client_name"`
	RedirectURIs    []string   `json:"redirect_uris"`
	GrantTypes      []string   `json:"grant_types"`
	ResponseTypes   []string   `json:"response_types"`
	AuthMethod      AuthMethod `json:"token_endpoint_auth_method"`
	ApplicationType string     `json:"application_type"`
}

type registrationAnswer struct {
	ClientID     string     `json:"client_id"`
	Secret       string     `json:"client_secret"`
	Expires      int64      `json:"client_secret_expires_at"`
	AuthMethod   AuthMethod `json:"token_endpoint_auth_method"`
	RedirectURIs []string   `json:"redirect_uris"`
}

// register makes a client by dynamic registration (RFC 7591). A portal is a
// server that can keep a secret, so it asks for one where it can: a stolen code
// or refresh token is then worth nothing by itself (RFC 9700 §2.5). Its
// application_type is web even on loopback, for its callback is not a program on
// the person's machine (MCP 2026-07-28 Authorization, "Client Registration").
func (f fetcher) register(ctx context.Context, c Config, as metadata) (client, error) {
	if as.Registration == "" {
		return client{}, fmt.Errorf("%w: %q offers no dynamic registration", ErrRegistration, as.Issuer)
	}
	ask := registrationRequest{
		Name: c.ClientName, RedirectURIs: c.redirectURIs(), ResponseTypes: []string{"code"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, ApplicationType: "web",
		AuthMethod: pick(as.AuthMethods, AuthBasic, AuthPost, AuthNone),
	}
	if ask.AuthMethod == "" {
		return client{}, fmt.Errorf("%w: no token endpoint authentication method in common", ErrRegistration)
	}
	if len(as.GrantTypes) > 0 && !slices.Contains(as.GrantTypes, "refresh_token") {
		ask.GrantTypes = ask.GrantTypes[:1]
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return client{}, err
	}
	a, err := f.post(ctx, as.Registration, http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return client{}, err
	}
	if a.status != http.StatusCreated && a.status != http.StatusOK {
		return client{}, fmt.Errorf("%w: %w", ErrRegistration, a.refusal(Registering))
	}
	return ask.settle(a.body, as.Issuer)
}

// settle reads what was registered, which may differ from what was asked for
// (RFC 7591 §3.2.1).
func (ask registrationRequest) settle(body []byte, issuer string) (client, error) {
	var got registrationAnswer
	if json.Unmarshal(body, &got) != nil || got.ClientID == "" {
		return client{}, fmt.Errorf("%w: the answer holds no client", ErrRegistration)
	}
	for _, uri := range ask.RedirectURIs {
		if got.RedirectURIs != nil && !slices.Contains(got.RedirectURIs, uri) {
			return client{}, fmt.Errorf("%w: redirect URI %s was left out", ErrRegistration, uri)
		}
	}
	if got.AuthMethod == "" {
		if got.AuthMethod = ask.AuthMethod; got.Secret == "" {
			got.AuthMethod = AuthNone
		}
	}
	c := client{Registration: Registration{ClientID: got.ClientID, ClientSecret: Secret(got.Secret), AuthMethod: got.AuthMethod, Issuer: issuer}}
	if got.Secret != "" && got.Expires > 0 {
		c.expires = time.Unix(got.Expires, 0)
	}
	return c, c.checkMethod()
}
