package idp

import (
	"net/http"
	"net/url"
)

// authenticateClient is RFC 6749 §2.3: exactly one way of authenticating, and
// the same answer for an unknown client and a wrong secret.
func (p *Provider) authenticateClient(r *http.Request, form url.Values) (Client, *oauthError) {
	if repeats(form) {
		return Client{}, errInvalidRequest.because("a parameter is given more than once")
	}
	id, secret, refusal := clientCredentials(r, form)
	if refusal != nil {
		return Client{}, refusal
	}
	client, known := p.clients[id]
	if !equal(client.Secret, secret) || !known {
		return Client{}, errInvalidClient.because("the client is not known or its secret is wrong")
	}
	return client, nil
}

func clientCredentials(r *http.Request, form url.Values) (id, secret string, refusal *oauthError) {
	if r.Header.Get("Authorization") == "" {
		if !form.Has("client_secret") {
			return "", "", errInvalidClient.because("the client must authenticate")
		}
		return form.Get("client_id"), form.Get("client_secret"), nil
	}
	if form.Has("client_secret") {
		return "", "", errInvalidRequest.because("the client authenticates in two ways")
	}
	id, secret, ok := basicCredentials(r)
	if !ok {
		return "", "", errInvalidClient.because("the Authorization header cannot be read")
	}
	if form.Has("client_id") && form.Get("client_id") != id {
		return "", "", errInvalidRequest.because("client_id is not the client that authenticates")
	}
	return id, secret, nil
}

// basicCredentials undoes the form encoding inside HTTP Basic, RFC 6749 §2.3.1.
func basicCredentials(r *http.Request) (id, secret string, ok bool) {
	user, password, ok := r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, idErr := url.QueryUnescape(user)
	secret, secretErr := url.QueryUnescape(password)
	return id, secret, idErr == nil && secretErr == nil
}
