package idp

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authorization is an authorization request that passed every check, OpenID
// Connect Core §3.1.2.1.
type authorization struct {
	reply     reply
	nonce     string
	challenge string   // S256, RFC 7636 §4.3
	scopes    []string // the known ones among those asked for
	prompts   []string
	maxAge    *time.Duration // nil: any age of the sign-in will do
	loginHint string
}

// reply is where the answer to an authorization request goes. It exists only
// once client and redirect URI are known to belong together.
type reply struct {
	client      Client
	redirectURI string
	state       string
}

func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	form, err := authorizationForm(r)
	if err != nil {
		p.pages.writeProblem(w, http.StatusBadRequest, "The request to sign you in cannot be read.")
		return
	}
	to, problem := p.replyTo(form)
	if problem != "" {
		p.pages.writeProblem(w, http.StatusBadRequest, problem)
		return
	}
	a, refusal := readAuthorization(form, to)
	if refusal != nil {
		sendBack(w, r, p.location(to, refusal.parameters()))
		return
	}
	s, signedIn := p.sessionOf(r)
	switch {
	case signedIn && a.accepts(p.clock.now().Sub(s.signedIn)):
		sendBack(w, r, p.location(to, p.codeFor(a, s)))
	case slices.Contains(a.prompts, "none"):
		sendBack(w, r, p.location(to, errLoginRequired.parameters()))
	default:
		p.askPassword(w, r, a)
	}
}

// authorizationForm takes the parameters from where the method puts them, and
// from nowhere else.
func authorizationForm(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return url.ParseQuery(r.URL.RawQuery)
	}
	return postForm(r)
}

// replyTo decides whether an answer may leave by redirect at all. A problem is
// for the person to read: RFC 6749 §4.1.2.1 forbids to redirect with it.
func (p *Provider) replyTo(form url.Values) (to reply, problem string) {
	client, known := p.clients[form.Get("client_id")]
	if !known || len(form["client_id"]) > 1 {
		return reply{}, "The application that sent you here is not known."
	}
	uri := form.Get("redirect_uri")
	if !slices.Contains(client.RedirectURIs, uri) || len(form["redirect_uri"]) > 1 {
		return reply{}, "The application that sent you here wants you back at an address that is not registered for it."
	}
	return reply{client: client, redirectURI: uri, state: form.Get("state")}, ""
}

func readAuthorization(form url.Values, to reply) (authorization, *oauthError) {
	if refusal := checkAuthorization(form); refusal != nil {
		return authorization{}, refusal
	}
	scopes := strings.Fields(form.Get("scope"))
	if !slices.Contains(scopes, "openid") {
		return authorization{}, errInvalidScope.because("scope must contain openid")
	}
	prompts, refusal := readPrompts(form.Get("prompt"))
	if refusal != nil {
		return authorization{}, refusal
	}
	maxAge, refusal := readMaxAge(form.Get("max_age"))
	if refusal != nil {
		return authorization{}, refusal
	}
	return authorization{
		reply:     to,
		nonce:     form.Get("nonce"),
		challenge: form.Get("code_challenge"),
		scopes:    knownScopes(scopes),
		prompts:   prompts,
		maxAge:    maxAge,
		loginHint: form.Get("login_hint"),
	}, nil
}

// checkAuthorization refuses what can be refused from one parameter alone.
func checkAuthorization(form url.Values) *oauthError {
	switch {
	case repeats(form):
		return errInvalidRequest.because("a parameter is given more than once")
	case form.Has("request"):
		return errRequestNotSupported
	case form.Has("request_uri"):
		return errRequestURINotSupported
	case form.Has("registration"):
		return errRegistrationNotSupported
	case form.Get("response_type") == "":
		return errInvalidRequest.because("response_type is missing")
	case form.Get("response_type") != "code":
		return errUnsupportedResponseType.because("only response_type code is supported")
	case form.Has("response_mode") && form.Get("response_mode") != "query":
		return errInvalidRequest.because("only response_mode query is supported")
	}
	return checkChallenge(form)
}

// checkChallenge insists on PKCE with S256, RFC 9700 §2.1.1. A method left out
// means plain (RFC 7636 §4.3) and is refused like plain.
func checkChallenge(form url.Values) *oauthError {
	challenge := form.Get("code_challenge")
	if challenge == "" {
		return errInvalidRequest.because("code_challenge is missing")
	}
	if form.Get("code_challenge_method") != "S256" {
		return errInvalidRequest.because("code_challenge_method must be S256")
	}
	sum, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	if err != nil || len(sum) != 32 {
		return errInvalidRequest.because("code_challenge is not a base64url SHA-256 sum")
	}
	return nil
}

// repeats reports a parameter given twice, RFC 6749 §3.1.
func repeats(form url.Values) bool {
	for _, values := range form {
		if len(values) > 1 {
			return true
		}
	}
	return false
}

func readPrompts(s string) ([]string, *oauthError) {
	prompts := strings.Fields(s)
	for _, p := range prompts {
		if !slices.Contains([]string{"none", "login", "consent", "select_account"}, p) {
			return nil, errInvalidRequest.because("a prompt value is not known")
		}
	}
	if slices.Contains(prompts, "none") && len(prompts) > 1 {
		return nil, errInvalidRequest.because("prompt none stands alone")
	}
	return prompts, nil
}

func readMaxAge(s string) (*time.Duration, *oauthError) {
	if s == "" {
		return nil, nil
	}
	seconds, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return nil, errInvalidRequest.because("max_age is not a number of seconds")
	}
	age := time.Duration(seconds) * time.Second
	return &age, nil
}

// knownScopes drops what this provider does not know, OpenID Connect Core §3.1.2.1.
func knownScopes(asked []string) []string {
	var known []string
	for _, s := range []string{"openid", "email", "profile"} {
		if slices.Contains(asked, s) {
			known = append(known, s)
		}
	}
	return known
}

// accepts reports whether a sign-in of this age answers the request without the
// password. Consent and the choice of an account have no page of their own:
// signing in is both.
func (a authorization) accepts(age time.Duration) bool {
	for _, p := range a.prompts {
		if p != "none" {
			return false
		}
	}
	return a.maxAge == nil || age < *a.maxAge
}

// location is where an answer goes: the client's state comes back unchanged, and
// iss lets it tell which provider answered (RFC 9207 §2).
func (p *Provider) location(to reply, answer url.Values) string {
	answer.Set("iss", p.issuer)
	if to.state != "" {
		answer.Set("state", to.state)
	}
	separator := "?"
	if strings.Contains(to.redirectURI, "?") {
		separator = "&"
	}
	return to.redirectURI + separator + answer.Encode()
}

// sendBack redirects with 303, which turns the form's POST into a GET: the
// password is not sent on (RFC 9700 §4.12).
func sendBack(w http.ResponseWriter, r *http.Request, location string) {
	guardHeaders(w.Header())
	http.Redirect(w, r, location, http.StatusSeeOther)
}
