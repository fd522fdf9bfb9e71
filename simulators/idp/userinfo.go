package idp

import (
	"net/http"
	"slices"
	"strings"
)

// personClaims are the claims about the person that the granted scopes allow,
// OpenID Connect Core §5.4.
func (g *grant) personClaims() map[string]any {
	person, scopes := g.session.person, g.authorization.scopes
	claims := map[string]any{"sub": person.Subject}
	if slices.Contains(scopes, "email") {
		claims["email"] = person.Email
		claims["email_verified"] = true
	}
	if slices.Contains(scopes, "profile") {
		claims["name"] = person.Name
	}
	return claims
}

// serveUserInfo is OpenID Connect Core §5.3, with the refusals of RFC 6750 §3.
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	token, ok := bearer(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+p.issuer+`"`)
		writeJSON(w, http.StatusUnauthorized, struct{}{})
		return
	}
	g, ok := p.tokens.get(token)
	if !ok || g.revoked.Load() {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+p.issuer+`", error="invalid_token"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	writeJSON(w, http.StatusOK, g.personClaims())
}

func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}
