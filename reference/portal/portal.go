package portal

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/portico-mcp/portico/reference/portal/catalog"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/reference/portal/session"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// Version is what the portal tells clients about itself.
const Version = "0.1.0"

// Paths on the portal's host.
const (
	mcpPath      = "/mcp"
	serversPath  = "/servers"
	callbackPath = "/servers-callback"
)

// Portal is the handler of the portal's own host. Requests reach it through
// the front door, which attaches an application token; one without is
// answered 401.
type Portal struct {
	origin      string
	maxBody     int64
	log         *slog.Logger
	identifier  Identifier
	credentials Credentials
	consents    Consents

	servers   []*server // by id
	byID      map[string]*server
	catalogue atomic.Pointer[catalog.Catalog]
	sessions  *session.Table[*upstream.Conn]
	syncer    *syncer
	pages     http.Handler
	csrf      csrfKey

	hasGateway bool
	routeAll   atomic.Bool
}

// server is a configured upstream and the ways that calls reach it.
type server struct {
	Server
	static    upstream.Authorize // with Bearer
	direct    way
	inspected way // calls is nil: there is no gateway, and nothing is routed
}

// New makes a portal. It does no network I/O; tools appear as [Portal.Run] or
// [Portal.Sync] learns of them.
func New(c Config) (*Portal, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	p := &Portal{
		origin: c.Origin, maxBody: c.MaxBody, log: c.Logger, identifier: c.Identifier,
		credentials: c.Credentials, consents: c.Consents,
		byID: map[string]*server{}, csrf: newCSRFKey(),
		sessions:   session.NewTable[*upstream.Conn](session.Config{Idle: c.SessionIdle}),
		hasGateway: c.Inspected != nil,
	}
	p.routeAll.Store(c.RouteAll)
	p.catalogue.Store(&catalog.Catalog{})
	for _, configured := range c.Servers {
		s, err := c.server(configured)
		if err != nil {
			return nil, err
		}
		p.servers, p.byID[s.ID] = append(p.servers, s), s
	}
	slices.SortFunc(p.servers, func(a, b *server) int { return cmp.Compare(a.ID, b.ID) })
	p.syncer = newSyncer(p.servers, c.Direct, p)
	p.syncer.every, p.syncer.sweepEvery = c.SyncEvery, c.SessionIdle/24
	p.pages = p.routes()
	return p, nil
}

func (c Config) server(configured Server) (*server, error) {
	s := &server{Server: configured}
	s.Auth, s.Name = cmp.Or(s.Auth, None), cmp.Or(s.Name, s.ID)
	if s.Auth == Bearer {
		static, err := credential.Static(s.Bearer)
		if err != nil {
			return nil, fmt.Errorf("server %q: %w", s.ID, err)
		}
		s.static = static
	}
	// No server's id has a space in it.
	s.direct, s.inspected = way{s.over(c.Direct), s.ID}, way{nil, s.ID + " inspected"}
	if c.Inspected != nil {
		s.inspected.calls = s.over(c.Inspected)
	}
	return s, nil
}

// over is the server as reached with an HTTP client.
func (s *server) over(client *http.Client) *upstream.Server {
	return upstream.New(upstream.Config{ID: s.ID, URL: s.URL, HTTP: client, Timeout: s.Timeout, Revision: s.Revision})
}

// visibleTo reports whether a caller sees a server's tools and may call them.
// A service has no person whose token could be used.
func (s *server) visibleTo(c caller) bool { return !(c.isService() && s.personal()) }

// personal reports whether each person needs a credential of their own.
func (s *server) personal() bool { return s.Auth == OAuth && s.OnBehalf }

// ServeHTTP identifies the caller and passes the request to the endpoint or to
// the pages.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, err := p.identify(r)
	switch {
	case err != nil:
		p.turnAway(w, err)
	case r.URL.Path == mcpPath:
		p.serveMCP(w, r, who)
	default:
		p.pages.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, who)))
	}
}

// serveMCP is the MCP endpoint. A request that a browser sends from another
// website is refused whatever it holds (MCP 2025-11-25, Transports, "Security
// Warning").
func (p *Portal) serveMCP(w http.ResponseWriter, r *http.Request, who caller) {
	if origin := r.Header.Get("Origin"); origin != "" && origin != p.origin {
		http.Error(w, "cross-origin request", http.StatusForbidden)
		return
	}
	switch r.Method {
	case http.MethodPost:
		p.post(w, r, who)
	case http.MethodDelete:
		p.deleteSession(w, r, who)
	case http.MethodGet:
		p.getStream(w, r, who)
	default:
		notAllowed(w)
	}
}

func notAllowed(w http.ResponseWriter) {
	w.Header().Set("Allow", "POST, DELETE")
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
}
