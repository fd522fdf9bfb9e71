package access

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	documentLife = 5 * time.Minute
	documentWait = 5 * time.Second
)

// find gives the client of an id: a registered one, or the one that describes
// itself at the URL that the id is (OAuth Client ID Metadata Document).
func (c *clients) find(ctx context.Context, id string) (registered, error) {
	if known, ok := c.registered.get(id); ok {
		return known, nil
	}
	if !strings.Contains(id, "://") {
		return registered{}, fmt.Errorf("no client of that id is registered")
	}
	if known, ok := c.documents.get(id); ok {
		return known, nil
	}
	u, err := url.Parse(id)
	if err != nil || !c.mayFetch(u) {
		return registered{}, fmt.Errorf("a client id that is a URL is https and has a path")
	}
	m, err := c.fetch(ctx, id)
	if err != nil {
		return registered{}, fmt.Errorf("client metadata document: %w", err)
	}
	found := registered{id: id, name: m.ClientName, redirectURIs: m.RedirectURIs}
	c.documents.put(id, found)
	return found, nil
}

// mayFetch admits https URLs with a path, and http on loopback if access
// itself stands there.
func (c *clients) mayFetch(u *url.URL) bool {
	local := u.Scheme == "http" && loopback(u.Hostname()) && c.origin.Scheme == "http"
	return (u.Scheme == "https" || local) && u.Path != "" && u.Path != "/" && u.User == nil && u.Fragment == "" &&
		!strings.Contains(u.Path, "/../") && !strings.Contains(u.Path, "/./")
}

func (c *clients) fetch(ctx context.Context, id string) (metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, documentWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, id, nil)
	if err != nil {
		return metadata{}, err
	}
	req.Header.Set("Accept", "application/json")
	straight := *c.http
	straight.Jar = nil
	straight.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := straight.Do(req)
	if err != nil {
		return metadata{}, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return metadata{}, fmt.Errorf("status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxMetadata+1))
	if err != nil || len(body) > maxMetadata {
		return metadata{}, fmt.Errorf("it is larger than %d bytes or ends early", maxMetadata)
	}
	var m metadata
	if err := json.Unmarshal(body, &m); err != nil {
		return metadata{}, err
	}
	if m.ClientID != id {
		return metadata{}, fmt.Errorf("its client_id is not its URL")
	}
	if e := m.check(); e != nil {
		return metadata{}, e
	}
	return m, nil
}
