package access

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// stage is how far a flow is. Each name a flow has in a page or an address
// belongs to one stage: who knows a name cannot skip what lies before it.
type stage int

const (
	asked    stage = iota // the consent page is shown
	agreed                // the browser is at the identity provider
	signedIn              // what remains is the code
)

// flow is one sign-in while it is going on: the client's request, if a client
// asked, and the secrets that bind each answer to its question.
type flow struct {
	client    registered
	redirect  string
	state     string
	challenge string
	scope     string

	stage    stage
	browser  string // the cookie it belongs to
	csrf     string
	login    Login
	who      Identity
	returnTo string // a page of the portal, if no client asked
}

const (
	flowCookie = "__Host-access-flow"
	flowLife   = 10 * time.Minute // MCP Security Best Practices, "Confused Deputy Problem"
	maxQuery   = 8 << 10          // bytes of a request that a stranger has kept; its state is in it
)

// authorize answers an authorization request (RFC 6749 §4.1.1) with the
// consent page. The identity provider hears nothing before the person agreed
// (MCP Security Best Practices, "Confused Deputy Problem").
func (a *Access) authorize(w http.ResponseWriter, r *http.Request) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxQuery || repeated(q) {
		a.show(w, http.StatusBadRequest, "message", message{Title: "Malformed request", Text: "The client that sent you here asked in a way that cannot be read."})
		return
	}
	client, err := a.clients.find(r.Context(), q.Get("client_id"))
	if err != nil {
		a.show(w, http.StatusBadRequest, "message", message{Title: "Unknown client", Text: "The client that sent you here is not registered."})
		return
	}
	f := &flow{client: client, redirect: q.Get("redirect_uri"), state: q.Get("state"), challenge: q.Get("code_challenge"), scope: scope}
	if !client.admits(f.redirect) {
		a.show(w, http.StatusBadRequest, "message", message{Title: "Wrong address", Text: "The client wants you sent to an address that it did not register."})
		return
	}
	if e := a.checkRequest(q); e != nil {
		a.sendBack(w, r, f, url.Values{"error": {e.Code}, "error_description": {e.Description}})
		return
	}
	f.browser, f.csrf = binding(r), opaque("")
	id := opaque("")
	if !a.flows.put(id, f) {
		a.sendBack(w, r, f, url.Values{"error": {temporarilyUnavailable.Code}})
		return
	}
	a.remember(w, f)
	redirect, _ := url.Parse(f.redirect)
	a.show(w, http.StatusOK, "consent", consentPage{
		Client: client.name, Publisher: client.publisher(), Host: redirect.Host, Local: loopback(redirect.Hostname()),
		Resource: a.resource(), Scope: f.scope, Flow: id, CSRF: f.csrf,
	})
}

// checkRequest refuses what the client could have known better. A request that
// names no resource is for the one there is: RFC 8707 §2 leaves that to the
// server, and clients before MCP 2025-06-18 Authorization name none.
func (a *Access) checkRequest(q url.Values) *oauthError {
	switch {
	case q.Get("response_type") != "code":
		return because(unsupportedResponseType, "the only response type is code")
	case q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256":
		return because(invalidRequest, "a code challenge of method S256 is wanted") // OAuth 2.1 §4.1.1
	case len(q.Get("code_challenge")) != 43:
		return because(invalidRequest, "the code challenge is no SHA-256 in base64url") // RFC 7636 §4.2
	case q.Has("resource") && q.Get("resource") != a.resource():
		return because(invalidTarget, "the resource here is "+a.resource()) // RFC 8707 §2
	case q.Get("scope") != "" && q.Get("scope") != scope:
		return because(invalidScope, "the scope here is "+scope)
	default:
		return nil
	}
}

// repeated says whether a parameter is there twice (RFC 6749 §3.1).
func repeated(q url.Values) bool {
	for _, values := range q {
		if len(values) > 1 {
			return true
		}
	}
	return false
}

// sendBack ends a flow at the client's redirect URI, with the issuer that it
// must compare (RFC 9207 §2).
func (a *Access) sendBack(w http.ResponseWriter, r *http.Request, f *flow, answer url.Values) {
	to, err := url.Parse(f.redirect)
	if err != nil {
		a.show(w, http.StatusBadRequest, "message", message{Title: "Wrong address", Text: "The client's address cannot be read."})
		return
	}
	q := to.Query()
	for key := range answer {
		q.Set(key, answer.Get(key))
	}
	if f.state != "" {
		q.Set("state", f.state)
	}
	q.Set("iss", a.Origin)
	to.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// remember binds a flow to this browser.
func (a *Access) remember(w http.ResponseWriter, f *flow) {
	a.setCookie(w, flowCookie, f.browser, flowLife)
}

// binding is the value that binds flows to the browser of a request: the one it
// has, so that a sign-in in another tab goes on, or a new one.
func binding(r *http.Request) string {
	fresh := opaque("")
	if c, err := r.Cookie(flowCookie); err == nil && len(c.Value) == len(fresh) {
		return c.Value
	}
	return fresh
}

func (a *Access) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life.Seconds()), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// claim takes the flow of that id, if it is at that stage, belongs to this
// browser and fits: of many equal requests one is given it.
func (a *Access) claim(r *http.Request, id string, at stage, fits func(*flow) bool) (*flow, bool) {
	return a.flows.take(id, func(f *flow) bool {
		return f.stage == at && fits(f) &&
			slices.ContainsFunc(r.CookiesNamed(flowCookie), func(c *http.Cookie) bool { return c.Value == f.browser })
	})
}

// consent answers what the person pressed on the consent page: the flow goes on
// to the login, or back to the client.
func (a *Access) consent(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxMetadata)
	csrf := []byte(r.PostFormValue("csrf"))
	f, ok := a.claim(r, r.PostFormValue("flow"), asked, func(f *flow) bool {
		return !crossSite(r) && subtle.ConstantTimeCompare(csrf, []byte(f.csrf)) == 1
	})
	if !ok {
		a.show(w, http.StatusForbidden, "message", message{Title: "This page has expired", Text: "Please go back to your client and start again."})
		return
	}
	if r.PostFormValue("answer") != "allow" {
		a.sendBack(w, r, f, url.Values{"error": {accessDenied.Code}, "error_description": {"the person said no"}})
		return
	}
	a.login(w, r, f)
}

// crossSite says whether a browser admits that another site's page sent this
// (W3C Fetch Metadata); a program sends no such header.
func crossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "" && site != "same-origin" && site != "none"
}
