package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"mime"
	"net/http"
)

// token answers the token endpoint (RFC 6749 §3.2).
func (a *Access) token(w http.ResponseWriter, r *http.Request) {
	if e := readForm(w, r); e != nil {
		e.write(w)
		return
	}
	t, e := a.tokens(r)
	a.record.save() // before the answer: what a client was told must outlive a restart
	if e != nil {
		e.write(w)
		return
	}
	w.Header().Set("Pragma", "no-cache")
	answerJSON(w, http.StatusOK, map[string]any{
		"access_token": t.access, "token_type": "Bearer", "expires_in": int(t.life.Seconds()), "refresh_token": t.refresh, "scope": scope,
	})
}

// tokens exchanges what the form holds for new tokens.
func (a *Access) tokens(r *http.Request) (tokens, *oauthError) {
	var of *grant
	var e *oauthError
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		of, e = a.redeem(r)
	case "refresh_token":
		of, e = a.refresh(r)
	default:
		e = because(unsupportedGrantType, "the grant types are authorization_code and refresh_token")
	}
	if e != nil {
		return tokens{}, e
	}
	t, ok := a.grants.issue(of)
	if !ok {
		return tokens{}, because(invalidGrant, "the grant has ended")
	}
	return t, nil
}

// readForm reads a form in which nothing is there twice (RFC 6749 §3.2).
func readForm(w http.ResponseWriter, r *http.Request) *oauthError {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(w, r.Body, maxMetadata)
	switch {
	case kind != "application/x-www-form-urlencoded":
		return because(invalidRequest, "the body is no form")
	case r.ParseForm() != nil:
		return because(invalidRequest, "the form cannot be read")
	case repeated(r.PostForm):
		return because(invalidRequest, "a parameter is there twice")
	case r.Header.Get("Authorization") != "":
		// RFC 6749 §5.2: a client that tried a scheme is told the scheme.
		w.Header().Set("WWW-Authenticate", `Basic realm="token endpoint"`)
		return because(invalidClient, "clients here are public and have no secret")
	case r.PostForm.Get("client_secret") != "":
		return because(invalidClient, "clients here are public and have no secret")
	default:
		return nil
	}
}

// redeem exchanges a code (RFC 6749 §4.1.3) whose verifier proves that the
// client is the one that asked (RFC 7636 §4.6).
func (a *Access) redeem(r *http.Request) (*grant, *oauthError) {
	if e := a.checkTarget(r); e != nil {
		return nil, e // before the code is spent
	}
	c := a.grants.redeem(r.PostForm.Get("code"), r.PostForm.Get("client_id"))
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case c == nil:
		return nil, because(invalidGrant, "the code is unknown, expired, used or another client's")
	case c.redirect != r.PostForm.Get("redirect_uri"):
		return nil, because(invalidGrant, "the redirect URI is not the one of the request")
	case subtle.ConstantTimeCompare([]byte(challenge), []byte(c.challenge)) != 1:
		return nil, because(invalidGrant, "the code verifier does not fit the challenge")
	}
	return c.grant, nil
}

// refresh exchanges a refresh token, and asks the policies again.
func (a *Access) refresh(r *http.Request) (*grant, *oauthError) {
	if e := a.checkTarget(r); e != nil {
		return nil, e
	}
	if s := r.PostForm.Get("scope"); s != "" && s != scope {
		return nil, because(invalidScope, "the scope here is "+scope)
	}
	of := a.grants.rotate(r.PostForm.Get("refresh_token"), r.PostForm.Get("client_id"))
	if of == nil {
		return nil, because(invalidGrant, "the refresh token is unknown, expired, used or revoked")
	}
	if !a.Allow(of.who) {
		a.grants.end(of)
		return nil, because(invalidGrant, "that account does not have access any more")
	}
	return of, nil
}

func (a *Access) checkTarget(r *http.Request) *oauthError {
	if resource := r.PostForm.Get("resource"); r.PostForm.Has("resource") && resource != a.resource() {
		return because(invalidTarget, "the resource here is "+a.resource())
	}
	return nil
}

// revoke answers the revocation endpoint (RFC 7009 §2): the whole grant ends,
// and an unknown token is no error.
func (a *Access) revoke(w http.ResponseWriter, r *http.Request) {
	if e := readForm(w, r); e != nil {
		e.write(w)
		return
	}
	if hint := r.PostForm.Get("token_type_hint"); hint != "" && hint != "access_token" && hint != "refresh_token" {
		unsupportedTokenType.because("there are access tokens and refresh tokens").write(w)
		return
	}
	if r.PostForm.Get("token") == "" || r.PostForm.Get("client_id") == "" {
		invalidRequest.because("a token and the client's id are wanted").write(w)
		return
	}
	a.grants.forget(r.PostForm.Get("token"), r.PostForm.Get("client_id"))
	a.record.save()
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}
