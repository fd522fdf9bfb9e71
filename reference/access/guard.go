package access

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// guardMCP lets a request with a good credential through to the portal: check
// where it comes from, identify, put the application token on it, forward.
func (a *Access) guardMCP(w http.ResponseWriter, r *http.Request) {
	if !a.sameOrigin(r) {
		http.Error(w, "this origin may not call the portal", http.StatusForbidden)
		return
	}
	token, why, err := a.identify(r)
	if err != nil {
		a.Logger.Error("sign application token", "error", err)
		serverError.write(w)
		return
	}
	if token == "" {
		a.refuse(w, r, why)
		return
	}
	a.forward(w, r, token)
}

// sameOrigin refuses what another site's page sends (MCP 2025-11-25
// Transports, "Security Warning"); a client that is no browser sends none.
func (a *Access) sameOrigin(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return len(origins) == 0 || len(origins) == 1 && origins[0] == a.Origin
}

// identify gives the application token of who is asking, or why there is none:
// no reason if no credential was presented.
func (a *Access) identify(r *http.Request) (token, why string, err error) {
	ids, secrets := r.Header.Values("Cf-Access-Client-Id"), r.Header.Values("Cf-Access-Client-Secret")
	bearers := r.Header.Values("Authorization")
	switch machine := len(ids)+len(secrets) > 0; {
	case machine && len(bearers) > 0, len(bearers) > 1:
		return "", "more than one credential", nil
	case machine:
		return a.machine(ids, secrets)
	case len(bearers) == 0:
		return "", "", nil
	}
	scheme, bearer, _ := strings.Cut(bearers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", "the credential is not a bearer token", nil
	}
	g, ends := a.grants.byAccessToken(strings.TrimSpace(bearer))
	if g == nil {
		return "", "the token is unknown, expired or revoked", nil
	}
	token, err = a.signer.person(g.who, g.id, ends)
	return token, "", err
}

// machine compares a service token in constant time.
func (a *Access) machine(ids, secrets []string) (token, why string, err error) {
	if len(ids) != 1 || len(secrets) != 1 {
		return "", "a service token is one id and one secret", nil
	}
	got, known := sha256.Sum256([]byte(secrets[0])), false
	for _, t := range a.ServiceTokens {
		want := sha256.Sum256([]byte(t.Secret))
		if t.ClientID == ids[0] && t.Secret != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
			known = true
		}
	}
	if !known {
		return "", "the service token is unknown", nil
	}
	token, err = a.signer.service(ids[0])
	return token, "", err
}

// refuse challenges a client, and tells a person who came with a browser that
// this is no page.
func (a *Access) refuse(w http.ResponseWriter, r *http.Request, why string) {
	if why == "" && r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("WWW-Authenticate", a.challengeValue("")) // RFC 9110 §15.5.2: every 401 has one
		a.show(w, http.StatusUnauthorized, "message", message{Title: "invalid token", Text: "This address is for MCP clients. Add it to yours; the client will bring you back here to sign in."})
		return
	}
	a.challenge(w, why)
}

// inner are the headers that must not pass from outside: credentials, what only
// access may say (in the spelling with underscores too, which some servers take
// for the same), and Connection, which could name one of access's own as
// something the next hop removes (RFC 9110 §7.6.1).
func inner(name string) bool {
	switch name {
	case "Authorization", "Cookie", "Connection":
		return true
	default:
		return strings.HasPrefix(name, "Cf-Access") || strings.HasPrefix(name, "Cf_access")
	}
}

// forward reads the body, bounded, so that the next hop never waits for a slow
// client, and passes the request on with the application token.
func (a *Access) forward(w http.ResponseWriter, r *http.Request, token string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, a.MaxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		http.Error(w, "the request is larger than the portal takes", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "the request ended early", http.StatusBadRequest)
		return
	}
	out := r.Clone(r.Context())
	for name := range out.Header {
		if inner(name) {
			out.Header.Del(name)
		}
	}
	out.Header.Set(assertionHeader, token)
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) == 0 {
		out.Body = http.NoBody
	}
	a.Next.ServeHTTP(w, out)
}

// guardBrowser lets a person's browser through to the portal's pages, by way
// of the login if it has no session.
func (a *Access) guardBrowser(w http.ResponseWriter, r *http.Request) {
	b, ok := a.session(r)
	if !ok {
		if r.Method != http.MethodGet {
			a.show(w, http.StatusUnauthorized, "message", message{Title: "Signed out", Text: "You are not signed in any more."})
			return
		}
		f := &flow{returnTo: r.URL.RequestURI()}
		if len(f.returnTo) > maxReturn {
			f.returnTo = r.URL.Path
		}
		a.login(w, r, f)
		return
	}
	token, err := a.signer.person(b.who, b.id, b.ends)
	if err != nil {
		a.Logger.Error("sign application token", "error", err)
		a.show(w, http.StatusInternalServerError, "message", message{Title: "Something went wrong", Text: "Please try again."})
		return
	}
	a.forward(w, r, token)
}

// browser is a browser session of somebody who signed in.
type browser struct {
	id   string
	who  Identity
	ends time.Time
}

const (
	sessionCookie = "__Host-access"
	sessionLife   = 24 * time.Hour
	maxReturn     = 4096 // bytes of an address that a stranger has kept
)

func (a *Access) session(r *http.Request) (*browser, bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil, false
	}
	return a.browsers.get(c.Value)
}
