package upstream

import (
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
)

// listen serves a GET: the stream of 2025-11-25 on which the client hears what
// belongs to no request of its own. 2026-07-28 has subscriptions/listen for it.
func (s *Server) listen(w http.ResponseWriter, r *http.Request, caller Caller) {
	id, refusal := s.checkSessionVerb(r, caller)
	if refusal == nil && !accepts(r.Header, "text/event-stream") {
		refusal = &Refusal{Status: http.StatusNotAcceptable, Text: "Accept must list text/event-stream"}
	}
	if refusal != nil {
		refusal.write(w, nil)
		return
	}
	stream, leave, refusal := s.sessions.subscribe(id)
	if refusal != nil {
		refusal.write(w, nil)
		return
	}
	defer leave()
	openStream(w)
	for {
		select {
		case notification, open := <-stream:
			if !open {
				return
			}
			writeEvent(w, notification)
		case <-r.Context().Done():
			return
		}
	}
}

// end serves a DELETE: the client has no more use for the session.
func (s *Server) end(w http.ResponseWriter, r *http.Request, caller Caller) {
	if _, refusal := s.checkSessionVerb(r, caller); refusal != nil {
		refusal.write(w, nil)
		return
	}
	s.transport.ServeHTTP(w, r)
}

// checkSessionVerb checks a GET or a DELETE, neither of which is part of
// 2026-07-28.
func (s *Server) checkSessionVerb(r *http.Request, caller Caller) (string, *Refusal) {
	modern := mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion))
	if s.revision == stateless || modern && s.revision == "" {
		return "", methodNotAllowed(http.MethodPost)
	}
	return s.checkSession(r.Header, caller)
}
