package upstream

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// client is a registered client, RFC 7591 §2.
type client struct {
	id, name     string
	secret       string // a digest; empty: none
	method       string // token_endpoint_auth_method
	redirectURIs []string
	grantTypes   []string
	registered   bool // by itself: it is not in the configuration
}

func (c client) refreshes() bool { return slices.Contains(c.grantTypes, "refresh_token") }

func methods() []string { return []string{"none", "client_secret_post", "client_secret_basic"} }

func knownMethod(m string) bool { return slices.Contains(methods(), m) }

// clients are all that are registered.
type clients struct {
	mu  sync.Mutex
	all map[string]client
}

func newClients(known []Application) *clients {
	c := &clients{all: map[string]client{}}
	for _, each := range known {
		c.put(client{
			id: each.ID, name: cmp.Or(each.Name, each.ID), secret: digest(each.Secret), method: each.Method,
			redirectURIs: each.RedirectURIs, grantTypes: []string{"authorization_code", "refresh_token"},
		})
	}
	return c
}

func (c *clients) put(n client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[n.id] = n
}

func (c *clients) get(id string) (client, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.all[id]
	return found, ok
}

// authenticate finds the client that sent a form to the token or the
// revocation endpoint. It must use the method it is registered with, and only
// that (RFC 6749 §2.3).
func (c *clients) authenticate(r *http.Request, form url.Values) (client, *oauthError) {
	id, secret, method := form.Get("client_id"), form.Get("client_secret"), "none"
	user, password, basic := r.BasicAuth()
	switch {
	case basic && form.Has("client_secret"):
		return client{}, errInvalidRequest.because("two ways of client authentication are used at once")
	case basic:
		name, err1 := url.QueryUnescape(user)
		word, err2 := url.QueryUnescape(password)
		if err1 != nil || err2 != nil || id != "" && id != name {
			return client{}, errInvalidClient.because("the credentials are not form-encoded, or client_id contradicts them")
		}
		id, secret, method = name, word, "client_secret_basic"
	case r.Header.Get("Authorization") != "":
		return client{}, errInvalidClient.because("only the Basic scheme is supported")
	case form.Has("client_secret"):
		method = "client_secret_post"
	}
	found, ok := c.get(id)
	if !ok || found.method != method || !equal(found.secret, digest(secret)) {
		return client{}, errInvalidClient.because("the client is not known, or did not authenticate as it is registered")
	}
	return found, nil
}

// readForm reads the form of a POST: from the body only, and every parameter
// once (RFC 6749 §3.1 and §3.2). A parameter without a value counts as left out.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *oauthError) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(media) != "application/x-www-form-urlencoded" {
		return nil, errInvalidRequest.because("the body must be a form")
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		return nil, errInvalidRequest.because("the form cannot be read")
	}
	if r.URL.RawQuery != "" {
		return nil, errInvalidRequest.because("parameters belong in the body")
	}
	return single(r.PostForm)
}

// single refuses a parameter that is given twice and drops those without a value.
func single(form url.Values) (url.Values, *oauthError) {
	once := url.Values{}
	for name, values := range form {
		if len(values) > 1 {
			return nil, errInvalidRequest.because("a parameter is given more than once")
		}
		if values[0] != "" {
			once.Set(name, values[0])
		}
	}
	return once, nil
}

// within reports whether all of some are among the known.
func within(some, known []string) bool {
	for _, each := range some {
		if !slices.Contains(known, each) {
			return false
		}
	}
	return true
}
