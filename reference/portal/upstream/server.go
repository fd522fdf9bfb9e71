package upstream

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// Config describes one upstream.
type Config struct {
	ID         string        // the portal's name for it, used in errors
	URL        string        // of its MCP endpoint
	HTTP       *http.Client  // whose Transport carries the requests; nil: http.DefaultTransport. Jar, redirects and timeout of the client are not used.
	Timeout    time.Duration // from request to answer or next progress; 0: 60 s
	MaxTimeout time.Duration // from request to answer, however much progress is made; 0: ten times Timeout
	Revision   rpc.Revision  // what it speaks; "": found out
}

// Authorize puts a credential on the headers of one outgoing request. nil: no
// credential.
type Authorize func(ctx context.Context, h http.Header) error

// Server is one upstream, shared by everybody who talks to it. It remembers
// which era it belongs to, so that only the first has to find out.
type Server struct {
	config Config
	ids    atomic.Int64

	mu     sync.Mutex
	memory memory
}

// memory is what was found out about a server.
type memory struct {
	revision rpc.Revision // "": nothing
	greeting greeting     // of a stateless server
}

// New makes a Server. It does no network I/O.
func New(c Config) *Server {
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	if c.MaxTimeout == 0 {
		c.MaxTimeout = 10 * c.Timeout
	}
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	return &Server{config: c}
}

// Open connects one caller with one credential. It finds the era out unless
// it is pinned or remembered, and does the handshake that the stateful era
// wants; towards a server known to be stateless it sends nothing.
//
// Errors: what [Authorize] returns, [*StatusError], [ErrRevision],
// [ErrMalformed], an [*rpc.Error] that refuses the handshake, or a network error.
func (s *Server) Open(ctx context.Context, a Authorize, c rpc.Caller) (*Conn, error) {
	conn := &Conn{server: s, wire: wire{server: s, authorize: a}, caller: c}
	if _, err := conn.current(ctx); err != nil {
		return nil, fmt.Errorf("open upstream %q: %w", s.config.ID, err)
	}
	return conn, nil
}

// nextID is a request id that no other request to this server has. The same
// text is the progress token: two clients may well use the same one.
func (s *Server) nextID() []byte { return strconv.AppendInt(nil, s.ids.Add(1), 10) }

func (s *Server) recall() memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory
}

func (s *Server) remember(m memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory = m
}

func (s *Server) forget() { s.remember(memory{}) }
