package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	documentLife    = 5 * time.Minute // without a word of the client's server
	maxDocumentLife = 24 * time.Hour
	documentWait    = 5 * time.Second
	maxDocumentID   = 2048 // bytes
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
	if err != nil || len(id) > maxDocumentID || !c.mayFetch(u) {
		return registered{}, fmt.Errorf("a client id that is a URL is https and has a path")
	}
	m, life, err := c.fetch(ctx, id)
	if err != nil {
		return registered{}, fmt.Errorf("client metadata document: %w", err)
	}
	found := registered{id: id, name: m.ClientName, redirectURIs: m.RedirectURIs}
	if life > 0 {
		c.documents.putFor(id, found, life)
	}
	return found, nil
}

// mayFetch admits https URLs with a path, and http on loopback if access
// itself stands there. Anybody can make access fetch one, so a host that is
// plainly inside is refused before anything is dialled (MCP Security Best
// Practices, "Server-Side Request Forgery"); a name that resolves to one is the
// dialer's to refuse, see [Config].HTTP.
func (c *clients) mayFetch(u *url.URL) bool {
	local := c.origin.Scheme == "http"
	switch {
	case u.Scheme != "https" && !(u.Scheme == "http" && local && loopback(u.Hostname())):
		return false
	case u.User != nil || strings.Contains(u.String(), "#") || u.Path == "" || u.Path == "/":
		return false
	case slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." }):
		return false
	default:
		return local || outside(u.Hostname())
	}
}

// outside says whether a host may be one of the open internet: a name with no
// number at its end, since systems read 2130706433, 0x7f.1 and 127.1 as
// addresses (WHATWG URL §3.5), or a public address.
func outside(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsGlobalUnicast() && !ip.IsPrivate()
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && last != "localhost" && (last[0] < '0' || last[0] > '9')
}

func (c *clients) fetch(ctx context.Context, id string) (metadata, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, documentWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, id, nil)
	if err != nil {
		return metadata{}, 0, err
	}
	req.Header.Set("Accept", "application/json")
	straight := *c.http
	straight.Jar = nil
	straight.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := straight.Do(req)
	if err != nil {
		return metadata{}, 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return metadata{}, 0, fmt.Errorf("status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxMetadata+1))
	if err != nil || len(body) > maxMetadata {
		return metadata{}, 0, fmt.Errorf("it is larger than %d bytes or ends early", maxMetadata)
	}
	var m metadata
	if err := json.Unmarshal(body, &m); err != nil {
		return metadata{}, 0, err
	}
	if m.ClientID != id {
		return metadata{}, 0, fmt.Errorf("its client_id is not its URL")
	}
	if m.Secret != "" || m.AuthMethod != "" && m.AuthMethod != "none" {
		// A secret that everybody can read is none, and other proofs are not asked for here.
		return metadata{}, 0, errors.New("it wants to authenticate in a way that is not offered")
	}
	if e := m.check(); e != nil {
		return metadata{}, 0, e
	}
	return m, lifeOf(res.Header), nil
}

// lifeOf is how long a document may be kept: as its server says (RFC 9111
// §5.2.2), but not so long that a redirect URI withdrawn from it stays good.
func lifeOf(h http.Header) time.Duration {
	life := documentLife
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				return 0
			}
			life = min(time.Duration(seconds)*time.Second, maxDocumentLife)
		}
	}
	return life
}

// publisher is the host that vouches for the client's description, if it is a
// document; nobody vouches for a registration.
func (r registered) publisher() string {
	if u, err := url.Parse(r.id); err == nil {
		return u.Host
	}
	return ""
}
