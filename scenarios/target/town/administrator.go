package town

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Status is what the admin API says of a server.
type Status struct {
	ID                 string     `json:"id"`
	Status             string     `json:"status"` // waiting, ready, stale or error
	Error              string     `json:"error"`
	Tools              int        `json:"tools"`
	Skipped            []string   `json:"skipped"` // what it offers and the portal does not list, with the reason
	LastSynced         *time.Time `json:"last_synced"`
	LastSuccessfulSync *time.Time `json:"last_successful_sync"`
}

// Administrator speaks the portal's admin API, as the product documents it.
type Administrator struct {
	Admin target.Admin
	HTTP  *http.Client
}

// Status asks for one server's status.
func (a Administrator) Status(ctx context.Context, server string) (Status, error) {
	var s Status
	return s, a.Do(ctx, http.MethodGet, "/servers/"+url.PathEscape(server), nil, &s)
}

// Sync asks for a synchronization now and returns the status after it.
func (a Administrator) Sync(ctx context.Context, server string) (Status, error) {
	var s Status
	return s, a.Do(ctx, http.MethodPost, "/servers/"+url.PathEscape(server)+"/sync", nil, &s)
}

// Authorization begins the admin's own authorization at a server and returns
// the URL to open in a browser.
func (a Administrator) Authorization(ctx context.Context, server string) (string, error) {
	var result struct {
		URL string `json:"url"`
	}
	err := a.Do(ctx, http.MethodPost, "/servers/"+url.PathEscape(server)+"/authorization", nil, &result)
	return result.URL, err
}

// Statuses asks for every server's status.
func (a Administrator) Statuses(ctx context.Context) ([]Status, error) {
	var all []Status
	return all, a.Do(ctx, http.MethodGet, "/servers", nil, &all)
}

// Do sends a request to the admin API, with a body in JSON unless it is nil, and
// reads the result into what result points to, unless that is nil.
func (a Administrator) Do(ctx context.Context, method, path string, body, result any) error {
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("admin API: %w", err)
		}
		sent = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.Admin.Origin+path, sent)
	if err != nil {
		return fmt.Errorf("admin API: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+a.Admin.Token)
	res, err := a.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("admin API: %w", err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("admin API: %w", err)
	}
	var answer struct {
		Success bool            `json:"success"`
		Result  json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(said, &answer); err != nil || !answer.Success {
		return fmt.Errorf("admin API: %s %s: %s: %s", method, path, res.Status, strings.TrimSpace(string(said)))
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}

// settle waits until the portal has tried every server once, and signs the
// admin in where a server needs the admin's credential and the portal has none.
// At a server that stands elsewhere the admin signs in by hand, and one that
// takes its time is not waited for.
func (b *builder) settle(ctx context.Context) error {
	party := trace.Party(b.site.World.Admin)
	dial, err := b.client(party, trace.Client)
	if err != nil {
		return err
	}
	admin := Administrator{Admin: b.town.Admin, HTTP: dial}
	time.Sleep(time.Millisecond) // never in the instant in which a sync begins: which of the two is first would be chance
	for _, s := range b.site.World.Servers {
		if b.town.Refused[s.ID] != "" {
			continue
		}
		patience := firstSync
		if s.URL != "" {
			patience = strangersSync
		}
		status, err := admin.await(ctx, s.ID, patience, Status.tried)
		if err != nil && (s.URL == "" || ctx.Err() != nil) {
			return err
		}
		if s.URL == "" && s.Auth == fixtures.OAuth && status.Status == waiting {
			if err := b.town.AuthorizeAdmin(ctx, s.ID); err != nil {
				return fmt.Errorf("admin's authorization at %q: %w", s.ID, err)
			}
			_, err = admin.await(ctx, s.ID, firstSync, func(s Status) bool { return s.Status != waiting })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

const waiting = "waiting" // not synchronized yet, or without the admin's credential

// tried says whether the portal has asked the server once, or knows that it
// cannot.
func (s Status) tried() bool { return s.Status != waiting || s.Error != "" }

// AuthorizeAdmin lets the admin's browser go through a server's sign-in, so that
// the portal may ask that server for its tools.
func (t *Town) AuthorizeAdmin(ctx context.Context, server string) error {
	dial, err := t.Client(trace.Party(t.World.Admin), trace.Client)
	if err != nil {
		return err
	}
	address, err := Administrator{Admin: t.Admin, HTTP: dial}.Authorization(ctx, server)
	if err != nil {
		return err
	}
	browser, err := t.Browser(t.World.Admin)
	if err != nil {
		return err
	}
	return visit(ctx, browser, address, t.Admin.Origin+"/servers-callback")
}

// Browser is a browser of one of the town's people that has been nowhere yet.
func (t *Town) Browser(person string) (*client.Browser, error) {
	p, err := fixtures.LoadPerson(person)
	if err != nil {
		return nil, err
	}
	dial, err := t.Client(trace.Party(p.ID+".browser"), trace.Browser)
	if err != nil {
		return nil, err
	}
	return client.NewBrowser(dial, client.Login{Username: p.Email, Password: p.Password}), nil
}

// visit lets a browser go from an address to the callback it ends at, and open
// that.
func visit(ctx context.Context, browser *client.Browser, address, callback string) error {
	back, err := browser.Visit(ctx, address, func(u *url.URL) bool { return strings.HasPrefix(u.String(), callback) })
	if err != nil {
		return err
	}
	page, err := browser.Get(ctx, back.String())
	if err == nil && page.Status != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", page.URL, page.Status, page.Text)
	}
	return err
}

// How long a server's first synchronization is waited for.
const (
	firstSync     = 2 * time.Minute
	strangersSync = 2 * time.Second
)

// await asks for a server's status until it is as wanted.
func (a Administrator) await(ctx context.Context, server string, patience time.Duration, wanted func(Status) bool) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		s, err := a.Status(ctx, server)
		if err != nil || wanted(s) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, fmt.Errorf("server %q is still waiting for its first sync", server)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
