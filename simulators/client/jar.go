package client

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/net/publicsuffix"
)

// jar keeps cookies as Chromium does: by host whatever the port, with the
// prefixes and SameSite held to (RFC 6265bis), and with http on this machine as
// good as https.
type jar struct {
	store *cookiejar.Jar

	mu       sync.Mutex
	sameSite map[string]http.SameSite // by host and name
}

func newJar() *jar {
	store, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // never fails
	return &jar{store: store, sameSite: map[string]http.SameSite{}}
}

// keep takes the cookies of a response.
func (j *jar) keep(from *url.URL, cookies []*http.Cookie) {
	from, secure := secured(from)
	for _, c := range cookies {
		if !acceptable(c, secure) {
			continue
		}
		j.store.SetCookies(from, []*http.Cookie{c})
		j.mu.Lock()
		j.sameSite[from.Hostname()+" "+c.Name] = c.SameSite
		j.mu.Unlock()
	}
}

// acceptable holds a cookie to what its name promises (RFC 6265bis §4.1.3).
func acceptable(c *http.Cookie, secure bool) bool {
	name := strings.ToLower(c.Name)
	switch {
	case c.Secure && !secure:
		return false
	case strings.HasPrefix(name, "__host-"):
		return c.Secure && c.Path == "/" && c.Domain == ""
	case strings.HasPrefix(name, "__secure-"):
		return c.Secure
	default:
		return true
	}
}

// cookies are those that go with a navigation. From another site only GET has
// cookies that are Lax, and none that are Strict go (RFC 6265bis §5.7.3); a
// cookie that says nothing is Lax.
func (j *jar) cookies(n navigation) []*http.Cookie {
	to, _ := secured(n.to)
	far := n.from != nil && distance(n.from, n.to) == crossSite
	var sent []*http.Cookie
	for _, c := range j.store.Cookies(to) {
		j.mu.Lock()
		policy := j.sameSite[to.Hostname()+" "+c.Name]
		j.mu.Unlock()
		switch {
		case far && policy == http.SameSiteStrictMode:
		case far && policy != http.SameSiteNoneMode && n.verb != http.MethodGet:
		default:
			sent = append(sent, c)
		}
	}
	return sent
}

// secured is the URL under which cookies are kept, and whether what it serves
// is safe from listeners.
func secured(u *url.URL) (*url.URL, bool) {
	if u.Scheme == "https" {
		return u, true
	}
	if !isLoopback(u) {
		return u, false
	}
	safe := *u
	safe.Scheme = "https"
	return &safe, true
}
