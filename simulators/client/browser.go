package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Login is what a person types where a page asks for a password.
type Login struct{ Username, Password string }

// String hides the password.
func (l Login) String() string { return l.Username + " " + redacted }

// GoString hides the password.
func (l Login) GoString() string { return l.String() }

// LogValue hides the password.
func (l Login) LogValue() slog.Value { return slog.StringValue(l.String()) }

// MarshalJSON hides the login.
func (Login) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Browser acts on pages like a person in a hurry: it signs in, connects what can
// be connected, allows what is asked and goes on. It keeps cookies, follows
// redirects and tells servers where a request came from as Chromium does, and
// runs no scripts. Visits of one browser share its cookies.
type Browser struct {
	http    *http.Client
	login   Login
	refused []refused
	jar     *jar

	mu    sync.Mutex
	pages []Page
}

// Page is a page the browser has seen.
type Page struct {
	URL    string
	Status int
	Title  string
	Text   string   // what is to be read on it, on one line
	Labels []string // of what can be pressed
}

// BrowserOption changes what a browser does.
type BrowserOption func(*Browser)

type refused struct {
	label  string
	prefix string // of the page's URL; empty: of every page
}

// Refusing makes a browser refuse: what has one of the labels ("Allow") is not
// pressed, but what says no in its place (Deny, Refuse, Reject, Decline,
// Cancel), if the page has that.
func Refusing(labels ...string) BrowserOption { return RefusingAt("", labels...) }

// RefusingAt is Refusing on pages whose URL begins with the prefix.
func RefusingAt(prefix string, labels ...string) BrowserOption {
	return func(b *Browser) {
		for _, label := range labels {
			b.refused = append(b.refused, refused{strings.ToLower(label), prefix})
		}
	}
}

// NewBrowser makes a browser that dials with the client. The client's own
// cookies and its way with redirects are not used.
func NewBrowser(dial *http.Client, login Login, options ...BrowserOption) *Browser {
	if dial == nil {
		dial = http.DefaultClient
	}
	once := *dial
	once.Jar = nil
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	once.Timeout = pagePatience
	b := &Browser{http: &once, login: login, jar: newJar()}
	for _, option := range options {
		option(b)
	}
	return b
}

// Pages are the pages seen so far, in order.
func (b *Browser) Pages() []Page {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.pages)
}

// StuckError is a page on which nothing is left to press.
type StuckError struct{ Page Page }

// Error names the page without the query of its URL, and quotes its beginning.
func (e *StuckError) Error() string {
	place, _, _ := strings.Cut(e.Page.URL, "?")
	return fmt.Sprintf("the browser is stuck on %s (HTTP %d, %q): %s", place, e.Page.Status, e.Page.Title, excerpt(e.Page.Text))
}

// pagePatience is how long a page may take to its last byte.
const pagePatience = 2 * time.Minute

// maxPresses bounds a visit, maxHops one chain of redirects.
const (
	maxPresses = 30
	maxHops    = 30
)

var (
	errTooManyPresses = errors.New("the pages have no end")
	errTooManyHops    = errors.New("the redirects have no end")
)

// Visit goes to a URL and acts on the pages it meets, until it would request a
// URL that until accepts: that request is not sent, and its URL is returned.
// With until nil the visit ends on the page where nothing is left to press, and
// that page's URL is returned. Otherwise such a page is a *StuckError.
//
// What is pressed has as the first word of its label, in this order: Connect,
// each once; the button of a form with a password field; Allow, Approve,
// Authorize or Accept; Continue or Done.
func (b *Browser) Visit(ctx context.Context, at string, until func(*url.URL) bool) (*url.URL, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, fmt.Errorf("read the address: %w", err)
	}
	next := navigation{verb: http.MethodGet, to: u}
	hand := presser{browser: b, connected: map[string]bool{}}
	for range maxPresses {
		d, stopped, err := b.navigate(ctx, next, until)
		if err != nil || stopped != nil {
			return stopped, err
		}
		c, ok := hand.choose(d)
		switch {
		case ok:
			next = c.press(d, b.login)
		case until == nil:
			return d.url, nil
		default:
			return nil, &StuckError{d.page}
		}
	}
	return nil, fmt.Errorf("visit %s: %w", origin(u), errTooManyPresses)
}

// Get goes to a URL, follows redirects, and returns the page it ends on.
func (b *Browser) Get(ctx context.Context, at string) (Page, error) {
	u, err := url.Parse(at)
	if err != nil {
		return Page{}, fmt.Errorf("read the address: %w", err)
	}
	d, _, err := b.navigate(ctx, navigation{verb: http.MethodGet, to: u}, nil)
	if err != nil {
		return Page{}, err
	}
	return d.page, nil
}
