package world

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/trace"
)

// address is a path of the portal's origin as a URL, and a URL as it is.
func (p *Person) address(at string) string {
	if strings.Contains(at, "://") {
		return at
	}
	return strings.TrimSuffix(p.world.town.Endpoint, "/mcp") + at
}

// called is how the person's client introduces itself.
func (p *Person) called() string {
	if p.program != "" {
		return p.program
	}
	return string(p.party) + "'s client"
}

// surfs is the person's browser, made at first use.
func (p *Person) surfs() (*client.Browser, error) {
	if p.browser != nil {
		return p.browser, nil
	}
	surf, err := p.world.town.Client(p.party+".browser", trace.Browser)
	if err != nil {
		return nil, err
	}
	p.browser = client.NewBrowser(surf, client.Login{Username: p.fixture.Email, Password: p.fixture.Password})
	return p.browser, nil
}

// Visit goes to a path of the portal's origin, or to a whole URL, with the
// person's browser, and presses what there is to press: login, consent. It
// returns the page where nothing is left to press, or where the client takes
// over, of which the URL alone is known.
func (p *Person) Visit(at string) client.Page {
	c, err := p.mcp()
	must(err)
	ended := p.world.acts(string(p.party)+" visits "+strings.SplitN(at, "?", 2)[0], []trace.Party{p.party + ".browser"}, fixtures.AtBrowser)
	stopped, err := p.browser.Visit(p.world.ctx, p.address(at), func(u *url.URL) bool {
		return strings.HasPrefix(u.String(), c.RedirectURI())
	})
	var stuck *client.StuckError
	if errors.As(err, &stuck) {
		ended(stuck.Page.Status >= http.StatusBadRequest)
		return stuck.Page
	}
	must(err)
	ended(stopped.Query().Get("error") != "")
	return client.Page{URL: stopped.String()}
}

// Shown is the text of every page that the person's browser was shown.
func (p *Person) Shown() []string {
	_, err := p.mcp()
	must(err)
	p.world.looked(fixtures.AtBrowser)
	var texts []string
	for _, page := range p.browser.Pages() {
		texts = append(texts, page.Title+" "+page.Text)
	}
	return texts
}

// RedirectHost is the host, and port if it has one, that the client wants the
// browser sent back to.
func (p *Person) RedirectHost() string {
	c, err := p.mcp()
	must(err)
	to, err := url.Parse(c.RedirectURI())
	must(err)
	return to.Host
}

// TokenLife is how long from now the client's access token is good, as the
// portal said when it gave it; 0: it did not say.
func (p *Person) TokenLife() time.Duration {
	c, err := p.mcp()
	must(err)
	expiry := c.Credentials().Expiry
	if expiry.IsZero() {
		return 0
	}
	return time.Until(expiry)
}

// Another is a second client of the same person in the same browser, which
// calls itself by a name and shares nothing else.
func (p *Person) Another(program string) *Person {
	_, err := p.mcp()
	must(err)
	return &Person{world: p.world, party: p.party, fixture: p.fixture, program: program, browser: p.browser}
}

// Copied is a client of a stranger's that holds everything that the person's
// client holds now, and has no browser to sign in with.
func (p *Person) Copied(by trace.Party) *Person {
	c, err := p.mcp()
	must(err)
	held := c.Credentials()
	if held.RefreshToken == "" {
		p.world.end(string(p.party) + " was given no refresh token")
	}
	return &Person{world: p.world, party: by, fixture: p.fixture, held: &held}
}

// TryRefresh trades the client's refresh token for new tokens (RFC 6749 §6).
func (p *Person) TryRefresh() error {
	c, err := p.mcp()
	must(err)
	ended := p.acts("refreshes")
	err = c.Refresh(p.world.ctx)
	ended(err != nil)
	return err
}

// RefreshToken is the refresh token that the person's client holds; empty: none.
func (p *Person) RefreshToken() string {
	c, err := p.mcp()
	must(err)
	return c.Credentials().RefreshToken
}

// Trap is a host that nobody has business with.
type Trap struct {
	world  *World
	party  trace.Party
	origin string
}

// Trap puts a host into the town that answers everybody, and should hear
// nobody.
func (w *World) Trap(party trace.Party) *Trap {
	origin, err := w.town.Serve(party, string(party)+".example", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	must(err)
	return &Trap{world: w, party: party, origin: origin}
}

// Origin is where the trap stands, without a final slash.
func (t *Trap) Origin() string { return t.origin }

// Heard is what reached the trap.
func (t *Trap) Heard() Sight {
	t.world.looked(fixtures.AtTrap)
	return t.world.Trace().Into(t.party)
}
