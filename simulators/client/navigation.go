package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// navigation is one request of a browser for a page.
type navigation struct {
	verb string
	to   *url.URL
	form url.Values // of a POST

	from       *url.URL // the page it was pressed on; nil: typed by the person
	secretive  bool     // that page wants nothing told of where a request comes from
	farthest   int      // how far from there the redirects have led so far
	wandered   bool     // they have led to another origin
	redirected int
}

// How far a request is from the page it was pressed on (Fetch Metadata §2.3).
const (
	sameOrigin = iota
	sameSite
	crossSite
)

// navigate requests a URL and what it redirects to, until that is a page, or a
// URL that until accepts, which is not requested.
func (b *Browser) navigate(ctx context.Context, n navigation, until func(*url.URL) bool) (d *document, stopped *url.URL, err error) {
	for {
		if until != nil && until(n.to) {
			return nil, n.to, nil
		}
		res, err := b.request(ctx, n)
		if err != nil {
			return nil, nil, fmt.Errorf("open a page of %s: %w", origin(n.to), err)
		}
		if location := res.Header.Get("Location"); location != "" && res.StatusCode/100 == 3 {
			_ = res.Body.Close() // nobody reads the text beside a redirect
			if n, err = n.follow(res.StatusCode, location); err != nil {
				return nil, nil, fmt.Errorf("follow a redirect of %s: %w", origin(n.to), err)
			}
			continue
		}
		d, err := b.read(res, n.to)
		return d, nil, err
	}
}

// follow is where a redirect leads. 307 and 308 keep verb and form, everything
// else makes a POST a GET (Fetch §4.4).
func (n navigation) follow(status int, location string) (navigation, error) {
	if n.redirected++; n.redirected > maxHops {
		return n, errTooManyHops
	}
	to, err := n.to.Parse(location)
	if err != nil {
		return n, err
	}
	if origin(to) != origin(n.to) {
		n.wandered = true
	}
	n.to = to
	if status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect && n.verb != http.MethodGet {
		n.verb, n.form = http.MethodGet, nil
	}
	if n.from != nil {
		n.farthest = max(n.farthest, distance(n.from, n.to))
	}
	return n, nil
}

func (b *Browser) request(ctx context.Context, n navigation) (*http.Response, error) {
	if n.to.Scheme != "https" && n.to.Scheme != "http" {
		return nil, fmt.Errorf("%s is no page of the web", n.to.Scheme)
	}
	var body io.Reader
	if n.verb == http.MethodPost {
		body = strings.NewReader(n.form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, n.verb, n.to.String(), body)
	if err != nil {
		return nil, err
	}
	n.head(req.Header)
	for _, c := range b.jar.cookies(n) {
		req.AddCookie(c)
	}
	res, err := b.http.Do(req)
	if err != nil {
		return nil, err
	}
	b.jar.keep(n.to, res.Cookies())
	return res, nil
}

// head writes what a browser says of a navigation. Origin is "null" on forms of
// a page whose policy is no-referrer, even to its own origin (Fetch §3.3), and
// after a redirect to another origin.
func (n navigation) head(h http.Header) {
	h.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	h.Set("Sec-Fetch-Mode", "navigate")
	h.Set("Sec-Fetch-Dest", "document")
	h.Set("Sec-Fetch-Site", n.site())
	if n.verb != http.MethodPost {
		return
	}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	h.Set("Origin", "null")
	if n.from != nil && !n.secretive && !n.wandered {
		h.Set("Origin", origin(n.from))
	}
}

func (n navigation) site() string {
	if n.from == nil {
		return "none"
	}
	return [...]string{"same-origin", "same-site", "cross-site"}[max(n.farthest, distance(n.from, n.to))]
}

func distance(from, to *url.URL) int {
	switch {
	case origin(from) == origin(to):
		return sameOrigin
	case from.Scheme == to.Scheme && siteOf(from) == siteOf(to):
		return sameSite
	default:
		return crossSite
	}
}

// siteOf is the registrable domain of a host, or the host if it has none.
func siteOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}
