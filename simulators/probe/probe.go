// Package probe looks at a server that is no simulator and says what a portal
// or a client will trip over.
//
// It looks first and judges later: Look puts ordinary requests and a few odd
// ones to the server and keeps what came back; the Rules are then read over what
// was kept, and never ask anything themselves. The server is a stranger: bytes,
// pages and time are bounded, no redirect is followed to another origin, and of
// other hosts only the authorization server it names is asked, for its metadata
// and without a credential. No tool is called.
package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config says what to look at. Only URL is required.
type Config struct {
	ID  string // what the portal will call the server: its tools become {ID}_{tool}; empty: they keep their names
	URL string // of the MCP endpoint, http or https, without a user or password

	HTTP      *http.Client      // its Transport is used, and nothing else of it; nil: one of its own
	Authorize func(http.Header) // puts a credential on a request; nil: the server is asked without one

	Limits Limits
}

// Limits bound what a server can cost.
type Limits struct {
	Total   time.Duration // of the whole look; 0: 30 s
	Request time.Duration // of one request with its answer; 0: 12 s
	Answer  int64         // bytes of one answer; 0: 10 MiB. All answers together may have four times as many
	Pages   int           // of one list; 0: 100
	Items   int           // of one list; 0: 10,000
}

func (l Limits) orDefaults() Limits {
	return Limits{
		Total:   cmp.Or(l.Total, 30*time.Second),
		Request: cmp.Or(l.Request, 12*time.Second),
		Answer:  cmp.Or(l.Answer, 10<<20),
		Pages:   cmp.Or(l.Pages, 100),
		Items:   cmp.Or(l.Items, 10_000),
	}
}

// What Look fails with. The error itself is one sentence that says what to do.
var (
	ErrURL         = errors.New("bad URL")
	ErrUnreachable = errors.New("unreachable")
)

// failure is a sentence for a person that errors.Is knows.
type failure struct {
	kind     error
	sentence string
}

func (f failure) Error() string { return f.sentence }
func (f failure) Unwrap() error { return f.kind }

// Look looks at a server. The error is ErrURL, ErrUnreachable, or that of ctx if
// it ends first; whatever a server that can be reached does wrong is a Finding.
// With an error the Report holds only what was asked.
func Look(ctx context.Context, c Config) (Report, error) {
	at, err := endpoint(c.URL)
	if err != nil {
		return Report{ID: plain(c.ID), Findings: []Finding{}, Passed: []string{}}, err
	}
	l := newLine(c)
	defer l.close()
	e := &evidence{id: c.ID, asked: at, at: at, line: l, signin: signin{auth: Auth{Kind: AuthNone}}}
	bounded, cancel := context.WithTimeout(ctx, l.limits.Total)
	defer cancel()
	err = e.gather(bounded)
	e.late = bounded.Err() != nil
	e.farewell(ctx)
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("look at %s: %w", shown(at), ctx.Err())
	case err == nil:
		return l.scrub(e.report()), nil
	}
	return l.scrub(Report{ID: plain(c.ID), URL: shown(at), Findings: []Finding{}, Passed: []string{}}), err
}

// endpoint reads the URL of an endpoint.
func endpoint(given string) (*url.URL, error) {
	at, err := url.Parse(strings.TrimSpace(given))
	switch {
	case err != nil:
		// The parser's own error repeats the URL, and with it a password.
		return nil, failure{ErrURL, "the URL cannot be read: write it like http://localhost:3000/mcp"}
	case at.Scheme != "http" && at.Scheme != "https":
		return nil, failure{ErrURL, "the URL begins with neither http:// nor https://: write it like http://localhost:3000/mcp"}
	case at.Hostname() == "":
		return nil, failure{ErrURL, "the URL names no host: write it like http://localhost:3000/mcp"}
	case at.User != nil:
		return nil, failure{ErrURL, "the URL holds a user or a password: give the credential as a header"}
	}
	at.Fragment, at.RawFragment = "", ""
	return at, nil
}
