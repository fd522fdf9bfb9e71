package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	renewBefore = 30 * time.Second    // of the end of an access token; half its life if that is shorter
	maxLifetime = 30 * 24 * time.Hour // longer ones are renewed anyway
	maxTokenLen = 16 << 10            // bytes of a token
)

// Token returns an access token of the owner for this server, renewed if it has
// less than 30 seconds left or was rejected. Parallel callers share one refresh.
//
// Errors wrap ErrConsentRequired (no grant, or the authorization server ended
// it: it is forgotten), ErrRefreshRefused or ErrUnavailable (it is kept).
func (v *Vault) Token(ctx context.Context, owner Owner, server string) (Secret, error) {
	key := Key{owner, server}
	token, err := v.stored(ctx, key)
	if err == nil && token == "" {
		token, err = v.refreshes.do(ctx, key, func(ctx context.Context) (Secret, error) { return v.renew(ctx, key) })
	}
	if err != nil {
		return "", fmt.Errorf("credential for upstream %q: %w", server, err)
	}
	return token, nil
}

// stored returns the access token that may be used as it is; "" if the grant has
// to be renewed first.
func (v *Vault) stored(ctx context.Context, key Key) (Secret, error) {
	g, err := v.load(ctx, key)
	if err != nil {
		return "", err
	}
	if v.doubt(key).rejected == g.AccessToken || !fresh(g, time.Now()) {
		return "", nil
	}
	return g.AccessToken, nil
}

// renew refreshes the grant. A caller that was late finds it renewed already.
func (v *Vault) renew(ctx context.Context, key Key) (Secret, error) {
	token, err := v.stored(ctx, key)
	if err != nil || token != "" {
		return token, err
	}
	g, err := v.load(ctx, key)
	if err != nil {
		return "", err
	}
	next, err := v.refresh(ctx, g)
	if err != nil {
		return v.keepOrDrop(ctx, key, g, err)
	}
	done, err := v.store.Swap(ctx, key, g.ID, next)
	if err != nil {
		return "", fmt.Errorf("store grant: %w", err)
	}
	if !done {
		return v.overtaken(ctx, key)
	}
	v.clearRenewed(key, g)
	return next.AccessToken, nil
}

// overtaken answers when the grant was replaced during its refresh: what its
// owner did meanwhile, disconnecting or connecting anew, counts.
func (v *Vault) overtaken(ctx context.Context, key Key) (Secret, error) {
	token, err := v.stored(ctx, key)
	if err == nil && token == "" {
		err = fmt.Errorf("%w: the grant was replaced by one that needs renewal itself", ErrUnavailable)
	}
	return token, err
}

// clearRenewed drops the doubts that a renewal settles. A wish for more scopes
// stays: a refresh cannot grant it.
func (v *Vault) clearRenewed(key Key, old Grant) {
	v.mu.Lock()
	defer v.mu.Unlock()
	d := v.doubts[key]
	if d.refused = ""; d.rejected == old.AccessToken {
		d.rejected = ""
	}
	if v.doubts[key] = d; d.rejected == "" && d.scopes == nil {
		delete(v.doubts, key)
	}
}

// errNoRefreshToken: the grant cannot be renewed without its owner.
var errNoRefreshToken = errors.New("no refresh token")

// keepOrDrop decides what a failed refresh means for the grant. It is dropped
// only if the authorization server ended it, or forgot the client it registered
// and with it the grant; in every other case it stays, and its access token is
// used for what is left of its life.
func (v *Vault) keepOrDrop(ctx context.Context, key Key, g Grant, failure error) (Secret, error) {
	code := codeOf(failure)
	gone := g.Dynamic && code == "invalid_client"
	if gone {
		v.unregister(g.Client)
	}
	usable := alive(g, time.Now()) && v.doubt(key).rejected != g.AccessToken
	switch {
	case gone || code == "invalid_grant" || errors.Is(failure, errNoRefreshToken) && !usable:
		done, err := v.store.Swap(ctx, key, g.ID, Grant{})
		if err != nil {
			return "", fmt.Errorf("drop grant: %w", err)
		}
		if !done {
			return v.overtaken(ctx, key)
		}
		v.clear(key)
		return "", fmt.Errorf("%w: %w", ErrConsentRequired, failure)
	case usable:
		return g.AccessToken, nil
	case errors.Is(failure, ErrUnavailable):
		return "", failure
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	d := v.doubts[key]
	d.refused = g.ID
	v.doubts[key] = d
	return "", fmt.Errorf("%w: %w", ErrRefreshRefused, failure)
}

// refresh asks for a new access token (RFC 6749 §6) for the same resource.
func (v *Vault) refresh(ctx context.Context, g Grant) (Grant, error) {
	if g.RefreshToken == "" {
		return Grant{}, errNoRefreshToken
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(g.RefreshToken)}, "resource": {g.Resource}}
	t, err := v.fetch.token(ctx, g.TokenEndpoint, g.Client, form)
	if err != nil {
		return Grant{}, err
	}
	return g.renewed(t, time.Now()), nil
}

// renewed is g with new tokens and a new ID. A refresh token replaces the old
// one together with the access token, or not at all; if none came the old one
// goes on (RFC 6749 §6).
func (g Grant) renewed(t tokens, now time.Time) Grant {
	g.ID, g.AccessToken = newID(), Secret(t.Access)
	if t.Refresh != "" {
		g.RefreshToken = Secret(t.Refresh)
	}
	if t.Scope != "" {
		g.Scope = strings.Join(cleanScopes(append(scopesOf(g.Scope), scopesOf(t.Scope)...)), " ")
	}
	g.Renew, g.Expires = time.Time{}, time.Time{}
	if life := t.lifetime(); life > 0 {
		g.Expires = now.Add(life)
		g.Renew = g.Expires.Add(-min(renewBefore, life/2))
	}
	return g
}

// tokens is a successful token response (RFC 6749 §5.1).
type tokens struct {
	Access  string          `json:"access_token"`
	Type    string          `json:"token_type"`
	Refresh string          `json:"refresh_token"`
	Scope   string          `json:"scope"`
	Expires json.RawMessage `json:"expires_in"`
}

// token makes one token request with the client's authentication. Secrets of
// the request are struck out of what an error repeats.
func (f fetcher) token(ctx context.Context, endpoint string, c Registration, form url.Values) (tokens, error) {
	header := http.Header{}
	c.authenticate(header, form)
	a, err := f.postForm(ctx, endpoint, header, form)
	if err != nil {
		return tokens{}, err
	}
	if a.status != http.StatusOK {
		refused := a.refusal(Exchanging, secretsOf(form, c)...)
		if a.status >= 500 || a.status == http.StatusTooManyRequests || a.status == http.StatusRequestTimeout {
			return tokens{}, fmt.Errorf("%w: %w", ErrUnavailable, refused)
		}
		return tokens{}, refused
	}
	var t tokens
	if json.Unmarshal(a.body, &t) != nil || !t.sound() {
		return tokens{}, fmt.Errorf("%w: the token response holds no bearer token", ErrUnavailable)
	}
	return t, nil
}

func secretsOf(form url.Values, c Registration) []Secret {
	secrets := []Secret{c.ClientSecret}
	for _, name := range []string{"code", "code_verifier", "refresh_token"} {
		secrets = append(secrets, Secret(form.Get(name)))
	}
	return secrets
}

// sound reports whether the tokens can be used: a bearer token that fits into a
// header. Other token types cannot be presented by this client.
func (t tokens) sound() bool {
	return strings.EqualFold(t.Type, "Bearer") && t.Access != "" && visible(t.Access) && visible(t.Refresh)
}

// visible reports whether s has nothing but printable ASCII without spaces.
func visible(s string) bool {
	return len(s) <= maxTokenLen && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// lifetime reads expires_in. What is missing or makes no sense (negative, not a
// number) gives 0, unknown: the token is then used until it is rejected.
func (t tokens) lifetime() time.Duration {
	seconds, err := strconv.ParseFloat(strings.Trim(string(t.Expires), `"`), 64)
	if err != nil && !math.IsInf(seconds, 1) || !(seconds >= 1) {
		return 0
	}
	return time.Duration(min(seconds, maxLifetime.Seconds())) * time.Second
}

// codeOf is the OAuth error code in err; "" if there is none, or if the server
// was merely unable to answer.
func codeOf(err error) string {
	if e, ok := errors.AsType[*ResponseError](err); ok && !errors.Is(err, ErrUnavailable) {
		return e.Code
	}
	return ""
}
