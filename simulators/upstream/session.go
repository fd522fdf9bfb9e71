package upstream

import (
	"crypto/rand"
	"errors"
	"net/http"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// sessions are those of 2025-11-25 and before. Each belongs to the credential
// that opened it: "MCP servers MUST NOT use sessions for authentication" and
// SHOULD bind them to a user (MCP 2025-11-25 Security Best Practices, "Session
// Hijacking"). The SDK asks them for ids only; every request is checked before
// it gets there.
type sessions struct {
	mu  sync.Mutex
	all map[string]*session
}

type session struct {
	owner    Caller
	revision string      // negotiated
	ready    bool        // notifications/initialized has come
	stream   chan []byte // the open GET stream; nil: none
}

func newSessions() *sessions { return &sessions{all: map[string]*session{}} }

// open opens a session under an id that cannot be guessed.
func (s *sessions) open(owner Caller) string {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[id] = &session{owner: owner}
	return id
}

// of gives the revision negotiated in a session, if it is the caller's.
func (s *sessions) of(caller Caller, id string) (revision string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.all[id]
	if !ok || found.owner != caller {
		return "", false
	}
	return found.revision, true
}

func (s *sessions) negotiated(id, revision string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.all[id]; ok {
		found.revision = revision
	}
}

// advance notes that the client is ready, and refuses requests before it is:
// until then there may only be pings (MCP 2025-11-25 Lifecycle, "Initialization").
func (s *sessions) advance(id string, m message) *Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.all[id]
	switch {
	case !ok:
		return notFound("there is no such session")
	case m.method == "notifications/initialized":
		found.ready = true
	case !found.ready && m.isRequest() && m.method != string(mcp.MethodPing):
		return badMessage(mcp.INVALID_REQUEST, "the session is not initialized yet")
	}
	return nil
}

// subscribe opens the session's one GET stream; leave closes it.
func (s *sessions) subscribe(id string) (stream <-chan []byte, leave func(), refusal *Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.all[id]
	if !ok {
		return nil, nil, notFound("there is no such session")
	}
	if found.stream != nil {
		// Every message goes to one stream only; with two, which?
		return nil, nil, &Refusal{Status: http.StatusConflict, Text: "the session has a stream"}
	}
	opened := make(chan []byte, 16)
	found.stream = opened
	return opened, func() { s.leave(found, opened) }, nil
}

func (s *sessions) leave(left *session, stream chan []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left.stream == stream {
		left.stream = nil
	}
}

// tell sends a notification to every open stream; one that nobody reads misses it.
func (s *sessions) tell(notification []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, each := range s.all {
		select {
		case each.stream <- notification:
		default:
		}
	}
}

// end ends a session and its stream.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.all[id]; ok {
		found.hangUp()
		delete(s.all, id)
	}
}

func (s *sessions) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, each := range s.all {
		each.hangUp()
	}
	clear(s.all)
}

func (s *session) hangUp() {
	if s.stream != nil {
		close(s.stream)
		s.stream = nil
	}
}

// ResolveSessionIdManager gives the SDK the ids of one request's caller. It
// implements the SDK's SessionIdManagerResolver; r is nil outside a request.
func (s *sessions) ResolveSessionIdManager(r *http.Request) server.SessionIdManager {
	owned := ownedSessions{sessions: s}
	if r != nil {
		if c := callOf(r.Context()); c != nil {
			owned.owner = c.caller
		}
	}
	return owned
}

type ownedSessions struct {
	sessions *sessions
	owner    Caller
}

var errNoSession = errors.New("no such session")

// Generate opens a session.
func (o ownedSessions) Generate() string { return o.sessions.open(o.owner) }

// Validate reports whether the session is the owner's.
func (o ownedSessions) Validate(id string) (terminated bool, err error) {
	if _, ok := o.sessions.of(o.owner, id); !ok {
		return false, errNoSession
	}
	return false, nil
}

// Terminate ends the session.
func (o ownedSessions) Terminate(id string) (notAllowed bool, err error) {
	o.sessions.end(id)
	return false, nil
}
