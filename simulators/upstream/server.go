// Package upstream is the MCP servers that stand behind a portal, and the
// authorization server that protects one of them.
//
// They are strict on purpose: a request that a lenient server would let pass,
// with a header missing, a key twice, or a credential that was not asked for,
// is refused, so that a portal's slip shows on the wire. A Server is built on
// an SDK with the checks in front that the SDK lacks; Raw is written by hand
// and answers the exact bytes a test gives it.
//
// One file per kind of guard (open, bearer, headers, oauth). What can go wrong
// with a server stands in front of it: simulators/faults.
package upstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// endpoint is the path of every server here.
const endpoint = "/mcp"

// Config describes a Server. The zero value is an unauthenticated server of
// both revisions that offers nothing.
type Config struct {
	Name     string // as the server introduces itself; empty: "upstream"
	Revision string // "2025-11-25" or "2026-07-28", and no other; empty: every revision the SDK knows
	Tools    []Tool
	Prompts  []Prompt // nil: the server has no prompts capability

	Guard Guard // who may call; nil: everybody, and nobody may bring a credential

	Advertise string // own origin, for the check of Origin headers; empty: what the Host header says
	MaxBody   int64  // bytes of a request body; 0: 4 MiB
}

// ErrConfig is returned for a Config, a Tool or an authorization server that
// cannot work.
var ErrConfig = errors.New("configuration of a simulated upstream")

// Server is an MCP server with its endpoint at /mcp, an http.Handler.
type Server struct {
	revision  string
	advertise string
	maxBody   int64
	guard     Guard

	sdk       *server.MCPServer
	transport *server.StreamableHTTPServer
	sessions  *sessions

	toolsMu sync.Mutex
	tools   []Tool // as SetTools was given them

	closing context.Context // ends with Close, and every answer under way with it
	close   context.CancelFunc

	lifeMu sync.Mutex
	life   life
}

// New makes a server. The error is ErrConfig: an unknown revision, or a tool
// or prompt that cannot be offered.
func New(c Config) (*Server, error) {
	if c.Revision != "" && c.Revision != stateful && c.Revision != stateless {
		return nil, fmt.Errorf("%w: revision %q; there are %s and %s", ErrConfig, c.Revision, stateful, stateless)
	}
	s := &Server{
		revision:  c.Revision,
		advertise: strings.TrimSuffix(c.Advertise, "/"),
		maxBody:   cmp.Or(c.MaxBody, 4<<20),
		guard:     c.Guard,
		sessions:  newSessions(),
	}
	if s.guard == nil {
		s.guard = open{}
	}
	s.closing, s.close = context.WithCancel(context.Background())
	s.life = newLife(s.closing)
	if err := s.build(c); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) build(c Config) error {
	hooks := &server.Hooks{}
	hooks.AddAfterInitialize(s.initialized)
	s.sdk = server.NewMCPServer(cmp.Or(c.Name, "upstream"), "1.0.0",
		server.WithToolCapabilities(true), server.WithInputSchemaValidation(), server.WithHooks(hooks))
	if err := s.SetTools(c.Tools); err != nil {
		return err
	}
	if err := s.setPrompts(c.Prompts); err != nil {
		return err
	}
	options := []server.StreamableHTTPOption{
		server.WithSessionIdManagerResolver(s.sessions),
		server.WithDisableLocalhostProtection(true), // sameOrigin is stricter
		server.WithStreamableHTTPLogger(slog.New(slog.DiscardHandler)),
	}
	if s.revision != "" {
		options = append(options, server.WithStreamableHTTPProtocolVersions(s.revision))
	}
	s.transport = server.NewStreamableHTTPServer(s.sdk, options...)
	return nil
}

// initialized notes what was negotiated, and keeps a pinned server to its one
// revision where the SDK would agree to an older one.
func (s *Server) initialized(ctx context.Context, _ any, _ *mcp.InitializeRequest, result *mcp.InitializeResult) {
	if s.revision != "" {
		result.ProtocolVersion = s.revision
	}
	if session := server.ClientSessionFromContext(ctx); session != nil {
		s.sessions.negotiated(session.SessionID(), result.ProtocolVersion)
	}
}

// ServeHTTP answers as the Config says.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.living()
	ctx, cancel := context.WithCancel(context.WithValue(r.Context(), lifeKey{}, now.ctx))
	defer cancel()
	defer context.AfterFunc(now.ctx, cancel)()
	s.serve(w, r.WithContext(ctx))
	cutOff(ctx)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == endpoint {
		s.serveEndpoint(w, r)
		return
	}
	if documents, ok := s.guard.(http.Handler); ok && strings.HasPrefix(r.URL.Path, "/.well-known/") {
		documents.ServeHTTP(w, r)
		return
	}
	http.NotFound(w, r)
}

func (s *Server) serveEndpoint(w http.ResponseWriter, r *http.Request) {
	caller, refusal := s.admit(r)
	if refusal != nil {
		refusal.write(w, nil)
		return
	}
	switch r.Method {
	case http.MethodPost:
		s.post(w, r, caller)
	case http.MethodGet:
		s.listen(w, r, caller)
	case http.MethodDelete:
		s.end(w, r, caller)
	default:
		methodNotAllowed("POST, GET, DELETE").write(w, nil)
	}
}

// ForgetSessions loses every session, as a restart does: their next use is
// answered with 404. It has no effect in 2026-07-28.
func (s *Server) ForgetSessions() {
	s.sessions.forget()
	s.transport.CloseSessions(context.Background())
}

// Close ends the answers and streams under way. It never fails.
func (s *Server) Close() error {
	s.close()
	s.ForgetSessions()
	return nil
}
