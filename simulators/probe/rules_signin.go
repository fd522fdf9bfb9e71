package probe

import (
	"net/http"
	"net/url"
)

func wanted(e *evidence) bool { return e.signin.challenge != nil }

func described(e *evidence) bool { return e.signin.found.resource }

func documented(e *evidence) bool { return e.signin.found.server }

// signInRules are about getting a credential.
var signInRules = []Rule{
	{ID: "behind-login", Level: Note, Topic: "sign-in", looks: func(e *evidence) bool { return e.line.authorize == nil && heard(e) },
		Sentence: "What stands behind a login can be looked at with a credential only", Source: "this probe", check: checkBehindLogin},
	{ID: "credential-refused", Level: Stop, Topic: "sign-in", looks: func(e *evidence) bool { return e.line.authorize != nil && heard(e) },
		Sentence: "The credential that was given is good at this server", Source: "RFC 6750 §3.1", check: checkCredential},
	{ID: "challenge", Level: Warn, Topic: "sign-in", looks: wanted,
		Sentence: "A 401 says in WWW-Authenticate, as resource_metadata, where the metadata is", Source: "RFC 9728 §5.1", check: checkChallenge},
	{ID: "metadata-elsewhere", Level: Warn, Topic: "sign-in", looks: wanted,
		Sentence: "The metadata is at the origin of the server it describes; other origins are not asked", Source: "RFC 9728 §3.1", check: checkElsewhere},
	{ID: "metadata", Level: Warn, Topic: "sign-in", looks: wanted,
		Sentence: "A server that wants a credential publishes protected resource metadata; without it nobody can sign in, and a portal must hold a fixed credential", Source: "RFC 9728 §3", check: checkMetadata},
	{ID: "resource", Level: Stop, Topic: "sign-in", looks: described,
		Sentence: "resource in the metadata is the URL that was asked, or a client must not use it", Source: "RFC 9728 §3.3", check: checkResource},
	{ID: "authorization-server", Level: Stop, Topic: "sign-in", looks: described,
		Sentence: "authorization_servers names at least one", Source: `MCP 2025-11-25 Authorization, "Authorization Server Location"`, check: checkServers},
	{ID: "server-metadata", Level: Stop, Topic: "sign-in", looks: func(e *evidence) bool { return described(e) && len(e.signin.resource.Servers) > 0 },
		Sentence: "An authorization server publishes its metadata", Source: "RFC 8414 §3", check: checkServerMetadata},
	{ID: "issuer", Level: Stop, Topic: "sign-in", looks: documented,
		Sentence: "issuer in the metadata is, letter by letter, the one the resource names", Source: "RFC 8414 §3.3", check: checkIssuer},
	{ID: "endpoints", Level: Stop, Topic: "sign-in", looks: documented,
		Sentence: "An authorization server has an authorization and a token endpoint, over https", Source: `MCP 2025-11-25 Authorization, "Communication Security"`, check: checkEndpoints},
	{ID: "pkce", Level: Stop, Topic: "sign-in", looks: documented,
		Sentence: "code_challenge_methods_supported has S256, or clients must refuse to go on", Source: `MCP 2025-11-25 Authorization, "Authorization Code Protection"`, check: checkPKCE},
	{ID: "registration", Level: Warn, Topic: "sign-in", looks: documented,
		Sentence: "A client can introduce itself, by registration or by a document; else a person must register the portal", Source: `MCP 2025-11-25 Authorization, "Client Registration Approaches"`, check: checkRegistration},
	{ID: "iss", Level: Note, Topic: "sign-in", looks: documented,
		Sentence: "Authorization responses carry iss, so that a client of several servers is not mixed up", Source: "RFC 9207 §3", check: checkIss},
}

func checkBehindLogin(e *evidence) (string, *exchange) {
	x := e.signin.challenge
	if x == nil {
		return "", nil
	}
	return x.what() + " is answered with 401, and what is behind it was not seen", x
}

func checkCredential(e *evidence) (string, *exchange) {
	x := e.find(func(x *exchange) bool { return ordinary(x) && !x.ask.anonymous && x.status == http.StatusUnauthorized })
	if x == nil {
		return "", nil
	}
	return x.what() + " is answered with 401 all the same", x
}

func checkChallenge(e *evidence) (string, *exchange) {
	switch x := e.signin.challenge; {
	case x.header.Get("Www-Authenticate") == "":
		return "the 401 has no WWW-Authenticate", x
	case e.signin.told == "":
		return "WWW-Authenticate of the 401 has no Bearer challenge with resource_metadata", x
	default:
		return "", nil
	}
}

func checkElsewhere(e *evidence) (string, *exchange) {
	if e.signin.elsewhere == "" {
		return "", nil
	}
	return "resource_metadata is at another origin, " + e.signin.elsewhere, e.signin.challenge
}

func checkMetadata(e *evidence) (string, *exchange) {
	if e.signin.found.resource {
		return "", nil
	}
	return "there is no protected resource metadata, neither where the 401 says nor at the well-known places", e.signin.metadata
}

// checkResource takes the origin as resource where only the root has metadata.
func checkResource(e *evidence) (string, *exchange) {
	s := e.signin
	bare := *e.at
	bare.RawQuery = ""
	origin := e.at.Scheme + "://" + e.at.Host
	root := s.metadata.ask.at.Path == "/.well-known/oauth-protected-resource" && s.told == ""
	switch s.resource.Resource {
	case e.at.String(), bare.String():
		return "", nil
	case origin, origin + "/":
		if root {
			return "", nil
		}
	}
	return "the metadata is for " + quote(s.resource.Resource) + ", not for " + shown(&bare), s.metadata
}

func checkServers(e *evidence) (string, *exchange) {
	if len(e.signin.resource.Servers) > 0 {
		return "", nil
	}
	return "the metadata names no authorization server", e.signin.metadata
}

func checkServerMetadata(e *evidence) (string, *exchange) {
	s := e.signin
	switch {
	case s.found.server:
		return "", nil
	case s.unasked != "":
		return "it was not asked: " + s.unasked, s.metadata
	case s.server.failed != nil:
		return "no metadata of " + quote(s.resource.Servers[0]) + ": " + s.server.failed.words, s.server
	default:
		return "no metadata of " + quote(s.resource.Servers[0]) + " at any well-known place", s.server
	}
}

func checkIssuer(e *evidence) (string, *exchange) {
	s := e.signin
	if s.document.Issuer == s.resource.Servers[0] {
		return "", nil
	}
	return "the issuer is " + quote(s.document.Issuer) + ", and the resource names " + quote(s.resource.Servers[0]), s.server
}

func checkEndpoints(e *evidence) (string, *exchange) {
	for _, endpoint := range []string{e.signin.document.Authorization, e.signin.document.Token} {
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local(u)) {
			return "one of the two is " + quote(endpoint), e.signin.server
		}
	}
	return "", nil
}

func checkPKCE(e *evidence) (string, *exchange) {
	if e.signin.auth.S256 {
		return "", nil
	}
	return "the authorization server does not say that it does PKCE with S256", e.signin.server
}

func checkRegistration(e *evidence) (string, *exchange) {
	if e.signin.auth.Registration || e.signin.auth.Documents {
		return "", nil
	}
	return "the authorization server has neither a registration endpoint nor client id metadata documents", e.signin.server
}

func checkIss(e *evidence) (string, *exchange) {
	if e.signin.auth.Iss {
		return "", nil
	}
	return "the authorization server does not say that it sends iss", e.signin.server
}
