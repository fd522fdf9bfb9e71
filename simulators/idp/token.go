package idp

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// grant is what one authorization gave one client: a code first, an access
// token later. Both names lead to the same grant, so that revoking it ends both.
type grant struct {
	authorization authorization
	session       session
	codeExpires   time.Time
	spent         atomic.Bool // the code was presented
	revoked       atomic.Bool // the code was presented again
}

// tokenResponse is OpenID Connect Core §3.1.3.3.
type tokenResponse struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
	IDToken     string `json:"id_token"`
}

// codeFor is a good authorization response, RFC 6749 §4.1.2.
func (p *Provider) codeFor(a authorization, s session) url.Values {
	g := &grant{authorization: a, session: s, codeExpires: p.clock.now().Add(codeLifetime)}
	return url.Values{"code": {p.codes.put(g)}}
}

func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	form, err := postForm(r)
	if err != nil {
		p.writeTokenError(w, errInvalidRequest.because("the body is not a form"))
		return
	}
	g, refusal := p.redeem(r, form)
	if refusal != nil {
		p.writeTokenError(w, refusal)
		return
	}
	answer, err := p.tokenResponse(g)
	if err != nil {
		p.writeTokenError(w, errServerError)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// redeem finds the grant a token request is about, RFC 6749 §4.1.3.
func (p *Provider) redeem(r *http.Request, form url.Values) (*grant, *oauthError) {
	client, refusal := p.authenticateClient(r, form)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := checkTokenRequest(form); refusal != nil {
		return nil, refusal
	}
	g, ok := p.codes.get(form.Get("code"))
	if !ok || g.authorization.reply.client.ID != client.ID {
		return nil, errInvalidGrant.because("the code is not known")
	}
	// Its own client uses a code up even by a request that is refused below;
	// another client cannot, or it could make everybody's sign-in fail.
	if !g.spent.CompareAndSwap(false, true) {
		g.revoked.Store(true)
		return nil, errInvalidGrant.because("the code was used before")
	}
	return g, g.check(form, p.clock.now())
}

func checkTokenRequest(form url.Values) *oauthError {
	if form.Get("grant_type") == "" {
		return errInvalidRequest.because("grant_type is missing")
	}
	if form.Get("grant_type") != "authorization_code" {
		return errUnsupportedGrantType
	}
	for _, name := range []string{"code", "redirect_uri", "code_verifier"} {
		if form.Get(name) == "" {
			return errInvalidRequest.because(name + " is missing")
		}
	}
	return nil
}

// check compares a token request with the authorization request it follows.
func (g *grant) check(form url.Values, now time.Time) *oauthError {
	switch {
	case !now.Before(g.codeExpires):
		return errInvalidGrant.because("the code has expired")
	case form.Get("redirect_uri") != g.authorization.reply.redirectURI:
		return errInvalidGrant.because("redirect_uri is not the one of the authorization request")
	case !verifies(form.Get("code_verifier"), g.authorization.challenge):
		return errInvalidGrant.because("code_verifier does not match code_challenge")
	}
	return nil
}

// verifies is RFC 7636 §4.6, with the verifier's syntax of §4.1.
func verifies(verifier, challenge string) bool {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	if len(verifier) < 43 || len(verifier) > 128 || strings.Trim(verifier, unreserved) != "" {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return equal(base64.RawURLEncoding.EncodeToString(sum[:]), challenge)
}

func (p *Provider) tokenResponse(g *grant) (tokenResponse, error) {
	access := p.tokens.put(g)
	id, err := p.keys.sign(p.idToken(g, access))
	if err != nil {
		return tokenResponse{}, err
	}
	return tokenResponse{
		AccessToken: access,
		TokenType:   "Bearer",
		ExpiresIn:   int(tokenLifetime.Seconds()),
		Scope:       strings.Join(g.authorization.scopes, " "),
		IDToken:     id,
	}, nil
}

// idToken are the claims of OpenID Connect Core §2 and §3.1.3.6.
func (p *Provider) idToken(g *grant, access string) jwt.MapClaims {
	now, sum := time.Now(), sha256.Sum256([]byte(access))
	claims := g.personClaims()
	claims["iss"] = p.issuer
	claims["aud"] = g.authorization.reply.client.ID
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(tokenLifetime).Unix()
	claims["auth_time"] = p.clock.real(g.session.signedIn).Unix()
	claims["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	if g.authorization.nonce != "" {
		claims["nonce"] = g.authorization.nonce
	}
	return claims
}

// postForm reads a form from the body alone: what stands in the address ends in
// logs, and RFC 6749 §2.3.1 forbids secrets there.
func postForm(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errors.New("not a form")
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	return r.PostForm, nil
}
