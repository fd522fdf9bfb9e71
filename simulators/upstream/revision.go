package upstream

import (
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
)

// The revisions a server can be pinned to.
const (
	stateful  = mcp.ProtocolVersion20251125 // sessions
	stateless = mcp.ProtocolVersion20260728 // none
)

// versioned is the first revision that has the MCP-Protocol-Version header.
const versioned = mcp.ProtocolVersion20250618

// checkRevision decides which revision a message is of, and whether it may be
// used as it stands. Of a stateless message the SDK checks the rest: that
// header and _meta agree, Mcp-Method, Mcp-Name, the required _meta.
func (s *Server) checkRevision(h http.Header, m message, caller Caller) (modern bool, refusal *Refusal) {
	header := h.Get(mcp.HeaderProtocolVersion)
	modern = mcp.IsModernProtocol(header) || mcp.IsModernProtocol(m.revision)
	switch {
	case s.revision == stateful && modern:
		// What a server of 2025-11-25 answers, in plain text: it does not
		// know the error codes of a later revision.
		return false, badRequest("Unsupported protocol version: " + max(header, m.revision))
	case modern:
		return true, nil
	case s.revision == stateless:
		return false, s.refuseStateful(header, m)
	default:
		return false, s.checkStateful(h, m, caller)
	}
}

// refuseStateful answers a client of an earlier revision: "a modern-only server
// SHOULD name the versions it supports" (MCP 2026-07-28 Versioning).
func (s *Server) refuseStateful(header string, m message) *Refusal {
	switch {
	case m.method == string(mcp.MethodInitialize):
		return unsupported(m.offered, stateless)
	case header == "":
		return badMessage(mcp.HEADER_MISMATCH, mcp.HeaderProtocolVersion+" header is missing")
	default:
		return unsupported(header, stateless)
	}
}

// checkStateful checks a message of a revision with sessions.
func (s *Server) checkStateful(h http.Header, m message, caller Caller) *Refusal {
	if m.method != string(mcp.MethodInitialize) {
		session, refusal := s.checkSession(h, caller)
		if refusal != nil {
			return refusal
		}
		return s.sessions.advance(session, m)
	}
	switch {
	case m.id == nil:
		return badMessage(mcp.INVALID_REQUEST, "initialize is a request and needs an id")
	case h.Get(mcp.HeaderSessionID) != "":
		return badRequest("initialize must not carry a session id") // MCP 2025-11-25 Transports, "Session Management"
	case m.offered == "":
		return badMessage(mcp.INVALID_PARAMS, "protocolVersion is missing")
	}
	return s.knownVersion(h)
}

// checkSession finds the session that a request of one caller belongs to.
func (s *Server) checkSession(h http.Header, caller Caller) (string, *Refusal) {
	if refusal := s.knownVersion(h); refusal != nil {
		return "", refusal
	}
	id := h.Get(mcp.HeaderSessionID)
	if id == "" {
		return "", badRequest(mcp.HeaderSessionID + " header is missing")
	}
	negotiated, ok := s.sessions.of(caller, id)
	if !ok {
		return "", notFound("there is no such session")
	}
	header := h.Get(mcp.HeaderProtocolVersion)
	switch {
	case header == "" && negotiated >= versioned:
		return "", badRequest(mcp.HeaderProtocolVersion + " header is missing")
	case header != "" && header != negotiated:
		return "", badRequest(mcp.HeaderProtocolVersion + " is not the version that was negotiated")
	}
	return id, nil
}

// knownVersion: "If the server receives a request with an invalid or
// unsupported MCP-Protocol-Version, it MUST respond with 400 Bad Request" (MCP
// 2025-11-25 Transports, "Protocol Version Header").
func (s *Server) knownVersion(h http.Header) *Refusal {
	version := h.Get(mcp.HeaderProtocolVersion)
	if version == "" || s.transport.SupportsProtocolVersion(version) {
		return nil
	}
	return badRequest("Unsupported protocol version: " + version)
}
