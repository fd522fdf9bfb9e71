package credential

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// Finish takes the query of the authorization server's redirect back. It checks
// the state, then who answered, and only then looks at the answer; a code from
// the wrong server is sent nowhere, and its error text is not passed on.
//
// Errors wrap ErrState, ErrIssuer, ErrUnavailable or *[ResponseError] (the
// person declined, or the code was not accepted). Finished is valid unless the
// error is ErrState.
func (v *Vault) Finish(ctx context.Context, owner Owner, query url.Values) (Finished, error) {
	state, _, err := once(query, "state")
	if err != nil {
		return Finished{}, fmt.Errorf("finish authorization: %w: %w", ErrState, err)
	}
	f, err := v.take(owner, state)
	if err != nil {
		return Finished{}, fmt.Errorf("finish authorization: %w", err)
	}
	done := Finished{f.server, f.returnTo}
	if err := v.finish(ctx, f, query); err != nil {
		return done, fmt.Errorf("finish authorization for upstream %q: %w", f.server, err)
	}
	return done, nil
}

func (v *Vault) finish(ctx context.Context, f flow, query url.Values) error {
	r, err := readResponse(query)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := f.from(r); err != nil {
		return err
	}
	if (r.code == "") == (r.failure == "") {
		return fmt.Errorf("%w: the response holds both a code and an error, or neither", ErrUnavailable)
	}
	if r.failure != "" {
		return &ResponseError{Stage: Authorizing, Code: quote(r.failure), Description: quote(r.description)}
	}
	g, err := v.exchange(ctx, f, r.code)
	if err != nil {
		return err
	}
	key := Key{f.owner, f.server}
	if err := v.replace(ctx, key, g); err != nil {
		return fmt.Errorf("store grant: %w", err)
	}
	v.clear(key)
	return nil
}

// from checks the issuer of the response, of a success and of an error alike
// (RFC 9207 §2.4, MCP 2026-07-28 Authorization, "Authorization Response
// Validation"):
//
//	advertised   iss       verdict
//	yes          present   must be equal, as plain strings
//	yes          absent    refused
//	no           present   must be equal
//	no           absent    accepted
func (f flow) from(r response) error {
	switch {
	case r.hasIssuer && r.issuer != f.as.Issuer:
		return fmt.Errorf("%w: it names another one", ErrIssuer)
	case !r.hasIssuer && f.as.NamesIssuer:
		return fmt.Errorf("%w: it is missing", ErrIssuer)
	}
	return nil
}

// response is an authorization response (RFC 6749 §4.1.2) without its state.
type response struct {
	code, issuer         string
	hasIssuer            bool
	failure, description string
}

// readResponse refuses repeated parameters: they have two readings.
func readResponse(query url.Values) (response, error) {
	var r response
	var err error
	if r.issuer, r.hasIssuer, err = once(query, "iss"); err != nil {
		return r, err
	}
	for name, value := range map[string]*string{"code": &r.code, "error": &r.failure, "error_description": &r.description} {
		if *value, _, err = once(query, name); err != nil {
			return r, err
		}
	}
	return r, nil
}

// exchange redeems the code (RFC 6749 §4.1.3) with the verifier of this flow
// (RFC 7636 §4.5) and for the resource that was authorized (RFC 8707 §2.2).
func (v *Vault) exchange(ctx context.Context, f flow, code string) (Grant, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {f.redirect},
		"code_verifier": {f.verifier}, "resource": {f.resource},
	}
	t, err := v.fetch.token(ctx, f.as.Token, f.client, form)
	if err != nil {
		if f.dynamic && codeOf(err) == "invalid_client" {
			v.unregister(f.client)
		}
		return Grant{}, err
	}
	g := Grant{
		Issuer: f.as.Issuer, TokenEndpoint: f.as.Token, Resource: f.resource,
		Client: f.client, Dynamic: f.dynamic, Scope: f.scope,
	}
	return g.renewed(t, time.Now()), nil
}
