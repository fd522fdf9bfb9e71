package invariant

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/trace"
)

// credentialRules are what becomes of secrets. A rule without a requirement
// speaks of what no row says as a whole, and is judged all the same.
func credentialRules() []Rule {
	return []Rule{
		{"client-credential-stays", "What a client or a browser shows the portal travels to no server, authorization server, identity provider or gateway.",
			[]string{"CR-07", "MCP-IX-12"}, fixtures.Must, clientCredentialStays},
		{"client-token-stays", "No token that the portal issued to a client, and no part of one, travels further than the portal.",
			[]string{"MO-14", "MCP-FA-07", "SEC-F-19"}, fixtures.Must, clientTokenStays},
		{"application-token-stays", "The application token goes from the portal's door to the portal, and no further.",
			[]string{"CR-07", "MCP-IX-12"}, fixtures.Must, applicationTokenStays},
		{"identity-token-stays", "What the identity provider issues stays between it and the portal's door.",
			[]string{"CR-07"}, fixtures.Must, identityTokenStays},
		{"server-credential-stays", "A credential for one server goes to that server, and to who issued it.",
			[]string{"CR-06", "MCP-UA-13"}, fixtures.Must, serverCredentialStays},
		{"static-credential-stays", "A credential that nobody issued, but an administrator wrote down, goes to its server, and is shown to no client.",
			[]string{"MCP-UA-18"}, fixtures.Must, staticCredentialStays},
		{"persons-token-for-that-person", "A token that a person obtained for a server is used for that person's calls.",
			[]string{"CR-01", "CR-06", "MCP-UA-13"}, fixtures.Must, personsToken},
		{"no-persons-token-in-a-sync", "What the portal lists by itself it lists without a token that a person obtained.",
			[]string{"SY-02"}, fixtures.Must, noPersonsTokenInASync},
		{"password-stays", "A person's password goes to where they sign in, and nowhere else.",
			[]string{"MO-02"}, fixtures.Must, passwordStays},
		{"no-credential-in-answers", "No answer to a client holds a credential of the portal's, its door's or its servers'.",
			[]string{"CR-08", "SEC-Q-02"}, fixtures.Must, noCredentialInAnswers},
		{"no-credential-in-errors", "No error that a client is told holds a credential of the portal's, its door's or its servers'.",
			[]string{"MCP-IX-17"}, fixtures.Must, noCredentialInErrors},
		{"clients-tokens-only-where-issued", "No answer to a client holds a token of a client but the one that issues it.",
			[]string{"MCP-FA-07", "SEC-Q-02"}, fixtures.Must, clientsTokensOnlyWhereIssued},
		{"no-credential-in-urls", "No URL, and no Referer, holds a credential; authorization codes and states stand only where OAuth puts them.",
			[]string{}, fixtures.Must, noCredentialInURLs},
		{"tokens-are-not-stored", "What a token endpoint answers, and any answer with a token in it, may not be stored on its way.",
			[]string{"SEC-D-16"}, fixtures.Must, tokensAreNotStored},
		{"credentials-are-encrypted", "Credentials travel over TLS, but within a machine or its own network.",
			[]string{}, fixtures.Must, credentialsAreEncrypted},
	}
}

// outside says whether a request leaves the portal for somebody else: a party
// of no known role is somebody else too, if the portal asks it. What a client
// asks by itself is its own affair.
func outside(h *hop) bool {
	switch h.to {
	case trace.Upstream, trace.Gateway, trace.AuthorizationServer, trace.IdentityProvider:
		return h.from != trace.Client
	case "":
		return portal(h.from) || h.from == trace.Gateway
	}
	return false
}

// found says of each secret that is not allowed where it is.
func (v *view) found(seen []sight, forbidden func(sight) bool) []string {
	var wrong []string
	for _, s := range seen {
		if forbidden(s) {
			wrong = append(wrong, s.kind+" is in "+s.where)
		}
	}
	return wrong
}

func of(c class) func(sight) bool { return func(s sight) bool { return s.class == c } }

func clientCredentialStays(v *view, h *hop) (bool, []string) {
	if !v.vault.knows(ofClient) || !outside(h) {
		return false, nil
	}
	return true, v.found(h.sent, of(ofClient))
}

// clientTokenStays counts what is sent for somebody who has a token: what the
// portal does by itself could hold none.
func clientTokenStays(v *view, h *hop) (bool, []string) {
	if !v.vault.knows(ofClient) || !outside(h) {
		return false, nil
	}
	wrong := v.found(h.sent, func(s sight) bool {
		return s.class == ofClient && (strings.HasSuffix(s.kind, "access token") || strings.HasSuffix(s.kind, "refresh token"))
	})
	tokened := slices.ContainsFunc(h.inside, func(i int) bool { return bearer(v.hops[i].asks("Authorization")) != "" })
	return tokened || len(wrong) > 0, wrong
}

func applicationTokenStays(v *view, h *hop) (bool, []string) {
	if !v.vault.knows(assertion) || !outside(h) {
		return false, nil
	}
	return true, v.found(h.sent, of(assertion))
}

func identityTokenStays(v *view, h *hop) (bool, []string) {
	inward := h.to == trace.Portal && !v.front(h)
	if !v.vault.knows(ofIdentity) || h.to == trace.IdentityProvider || !inward && !outside(h) {
		return false, nil
	}
	return true, v.found(h.sent, of(ofIdentity))
}

func serverCredentialStays(v *view, h *hop) (bool, []string) {
	if !v.vault.knows(ofServer) && !v.vault.knows(serverSession) || !outside(h) {
		return false, nil
	}
	return true, v.found(h.sent, func(s sight) bool {
		if s.class != ofServer && s.class != serverSession {
			return false
		}
		return !(s.access && s.host == h.host) && s.issuer != h.host
	})
}

// personsToken holds only where towns name a browser after its person, and
// where it is known which calls were open.
func personsToken(v *view, h *hop) (bool, []string) {
	if !h.behind() || h.crowded || len(h.inside) == 0 {
		return false, nil
	}
	fromPeople := func(i int) bool { r := v.hops[i].from; return r == trace.Client || r == trace.Browser }
	if !slices.ContainsFunc(h.inside, fromPeople) {
		return false, nil
	}
	judged, wrong := false, []string(nil)
	for _, s := range h.sent {
		if s.class != ofServer || s.owner == "" || !strings.HasSuffix(string(s.owner), ".browser") {
			continue
		}
		judged = true
		theirs := func(i int) bool { return person(v.hops[i].From) == person(s.owner) }
		if !slices.ContainsFunc(h.inside, theirs) {
			wrong = append(wrong, "the token that "+v.show(string(person(s.owner)))+" obtained is in "+s.where+", while only others ask")
		}
	}
	return judged, wrong
}

func passwordStays(v *view, h *hop) (bool, []string) {
	elsewhere := portal(h.to) || h.to == trace.Upstream || h.to == trace.Gateway || h.to == "" && portal(h.from)
	if !v.vault.knows(password) || !elsewhere {
		return false, nil
	}
	return true, v.found(h.sent, of(password))
}

func noCredentialInAnswers(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.Response == nil || v.vault.full {
		return false, nil
	}
	wrong := v.found(h.received, func(s sight) bool {
		switch s.class {
		case assertion:
			return s.where != "the header Set-Cookie" // a browser may hold it as its cookie
		case ofIdentity: // OpenID Connect RP-Initiated Logout 1.0 §2: the token is a hint in the redirect
			return !(s.where == "the header Location" && strings.Contains(h.tells("Location"), "id_token_hint="))
		case ofServer, password:
			return true
		}
		return false
	})
	return h.served(wrong), wrong
}

// served says whether an answer that must not hold something is worth counting:
// who answers nobody gives nothing away, and has not shown that it would not.
func (h *hop) served(wrong []string) bool { return h.resulted() || len(wrong) > 0 }

// noCredentialInErrors is the same of errors alone, of JSON-RPC and of tools.
func noCredentialInErrors(v *view, h *hop) (bool, []string) {
	failed := slices.ContainsFunc(h.told, func(m message) bool {
		result, _ := m.doc["result"].(map[string]any)
		return m.is("error") || result["isError"] == true
	})
	if !failed {
		return false, nil
	}
	_, wrong := noCredentialInAnswers(v, h)
	return v.front(h) && !v.vault.full, wrong
}

// staticCredentialStays knows a static credential by that no token answer held
// it.
func staticCredentialStays(v *view, h *hop) (bool, []string) {
	static := func(s sight) bool { return s.class == ofServer && s.access && s.issuer == "" && s.host != h.host }
	switch {
	case !v.vault.knows(ofServer):
		return false, nil
	case outside(h):
		return true, v.found(h.sent, static)
	case v.front(h) && h.Response != nil:
		return true, v.found(h.received, static)
	}
	return false, nil
}

// clientsTokensOnlyWhereIssued leaves alone what must come back to be of use: a
// code in a redirect, a cookie, and the id of a service token, which is no secret.
func clientsTokensOnlyWhereIssued(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.Response == nil || !v.vault.knows(ofClient) {
		return false, nil
	}
	now := issued(h)
	wrong := v.found(h.received, func(s sight) bool {
		switch {
		case s.class != ofClient, strings.Contains(s.kind, "authorization code"), strings.Contains(s.kind, "the id of"),
			s.where == "the header Set-Cookie":
			return false
		}
		for _, value := range now {
			if value == s.value && s.where == "the body" {
				return false
			}
		}
		return true
	})
	return h.served(wrong), wrong
}

// noPersonsTokenInASync judges, as [syncBypassesGateway] does, only what was
// sent after a first request was seen to come in.
func noPersonsTokenInASync(v *view, h *hop) (bool, []string) {
	lists := len(h.asked) > 0 && strings.HasSuffix(h.asked[0].method, "/list")
	if !lists || !h.behind() || !v.byItself(h) || !v.vault.knows(ofServer) {
		return false, nil
	}
	return true, v.found(h.sent, func(s sight) bool {
		return s.class == ofServer && strings.HasSuffix(string(s.owner), ".browser")
	})
}

// parameters are what a URL's query may not hold by that name.
var parameters = []string{
	"access_token", "refresh_token", "id_token", "client_secret", "password", "passwd", "client_assertion",
	"registration_access_token", "api_key", "apikey", "code_verifier",
}

func noCredentialInURLs(v *view, h *hop) (bool, []string) {
	if h.from == "" && h.to == "" {
		return false, nil
	}
	var wrong []string
	if !v.front(h) || h.Status() < http.StatusBadRequest { // what the portal refuses is not its doing
		wrong = inURL(h.url, "the URL")
		for _, s := range h.sent {
			if s.where == "the URL" && !allowedInURL(h, s) {
				wrong = append(wrong, s.kind+" is in the URL")
			}
		}
	}
	from := address(h.asks("Referer"))
	wrong = append(wrong, inURL(from, "the Referer")...)
	if from.Query().Get("code") != "" && !strings.EqualFold(from.Host, h.host) {
		wrong = append(wrong, "an authorization code is in the Referer")
	}
	return true, append(wrong, inURL(address(h.tells("Location")), "the Location of the answer")...)
}

// inURL is which parameters of a URL's query or fragment are credentials.
func inURL(u *url.URL, where string) []string {
	var wrong []string
	if _, has := u.User.Password(); has {
		wrong = append(wrong, "a password is in "+where)
	}
	query := u.Query()
	fragment, _ := url.ParseQuery(u.EscapedFragment())
	for _, name := range parameters {
		if query.Get(name) != "" || fragment.Get(name) != "" {
			wrong = append(wrong, name+" is a parameter of "+where)
		}
	}
	return wrong
}

// allowedInURL says whether a secret may be in the URL: a code in the redirect
// that brings it, an ID token as the hint of a sign-out, an id of a session
// where the older transport had it (MCP 2024-11-05 HTTP with SSE).
func allowedInURL(h *hop, s sight) bool {
	query := h.url.Query()
	switch {
	case s.class == clientSession || s.class == serverSession:
		return true
	case strings.Contains(s.kind, "authorization code"), strings.HasPrefix(s.kind, "the code for"):
		return query.Get("code") == s.value && (h.Request.Method == http.MethodGet)
	case strings.Contains(s.kind, "id token"):
		return query.Get("id_token_hint") == s.value
	case s.kind == "the id of the client's service token":
		return true // it is no secret by itself
	}
	for _, name := range parameters {
		if query.Get(name) == s.value {
			return true // told already, by the parameter's name
		}
	}
	return false
}

func tokensAreNotStored(v *view, h *hop) (bool, []string) {
	endpoint := h.Request.Method == http.MethodPost && v.tokenEndpoints[h.host+h.url.Path]
	if !v.front(h) || h.Response == nil || !endpoint && len(issued(h)) == 0 {
		return false, nil
	}
	for _, value := range h.answer()["Cache-Control"] {
		if strings.Contains(strings.ToLower(value), "no-store") {
			return true, nil
		}
	}
	return true, []string{"Cache-Control does not say no-store"}
}

func credentialsAreEncrypted(_ *view, h *hop) (bool, []string) {
	if h.host == "" || h.from == "" && h.to == "" || local(h.url.Hostname()) {
		return false, nil
	}
	if h.url.Scheme != "http" {
		return true, nil
	}
	for _, name := range append([]string{"Authorization", "Cookie", "Cf-Access-Jwt-Assertion"}, keys...) {
		if h.asks(name) != "" {
			return true, []string{"the header " + name + " travels over plain HTTP"}
		}
	}
	if len(issued(h)) > 0 {
		return true, []string{"a token is answered over plain HTTP"}
	}
	return true, nil
}

// local says whether the name, or the address, leads nowhere beyond a machine
// or its own network (RFC 6761, RFC 1918, ICANN's .internal); a name without a
// dot is one of a container network.
func local(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate()
	}
	top := host[strings.LastIndexByte(host, '.')+1:]
	return !strings.Contains(host, ".") || top == "localhost" || top == "internal" || top == "local"
}
