package portal

import (
	"bytes"
	"context"
	"net/http"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/session"
)

const headerSession = "Mcp-Session-Id"

// admit finds what the portal remembers of the client. A stateless client is
// remembered under its grant, and a session id that it sends means nothing.
func (p *Portal) admit(q *request) *refusal {
	if q.rev == rpc.Stateless {
		return p.admitGrant(q)
	}
	if q.Method == "initialize" && q.IsRequest() {
		return nil
	}
	s, no := p.session(q.http, q.who)
	if no != nil {
		return no
	}
	q.state, q.client = s, s.Caller
	return nil
}

func (p *Portal) admitGrant(q *request) *refusal {
	if !q.IsRequest() {
		return nil
	}
	s, err := p.sessions.Granted(q.http.Context(), q.who.Grant, session.Client{Who: q.who.who(), Revision: q.rev})
	if err != nil {
		return &refusal{http.StatusServiceUnavailable, rpcError(overloaded(err))}
	}
	q.state, q.client = s, rpc.CallerOf(q.Message)
	return nil
}

// session is the session that a request names, if it is the caller's
// (MCP 2025-11-25, Transports, "Session Management"). To be told that somebody
// else's exists would be to learn something.
func (p *Portal) session(r *http.Request, who caller) (*state, *refusal) {
	ids := r.Header[headerSession]
	if len(ids) != 1 {
		return nil, &refusal{http.StatusBadRequest, rpc.InvalidRequest("one " + headerSession + " header is needed; initialize first")}
	}
	s, ok := p.sessions.Find(r.Context(), ids[0], who.who())
	if !ok {
		return nil, noSession()
	}
	return s, nil
}

func noSession() *refusal {
	return &refusal{http.StatusNotFound, rpc.InvalidRequest("no such session; initialize anew")}
}

// getStream answers GET. The portal sends nothing outside the streams of
// requests, so it offers no stream of its own, as both revisions allow. A
// session of somebody else is unknown here too.
func (p *Portal) getStream(w http.ResponseWriter, r *http.Request, who caller) {
	if len(r.Header[headerSession]) > 0 && !stateless(r) {
		if _, no := p.session(r, who); no != nil {
			(&answer{w: w}).failure(no.status, nil, no.err.Raw())
			return
		}
	}
	notAllowed(w)
}

// deleteSession ends a session, and its conversations with servers.
func (p *Portal) deleteSession(w http.ResponseWriter, r *http.Request, who caller) {
	if stateless(r) {
		notAllowed(w)
		return
	}
	_, no := p.session(r, who)
	if no == nil && !p.sessions.End(r.Context(), r.Header.Get(headerSession), who.who()) {
		no = noSession() // another DELETE was faster
	}
	if no != nil {
		(&answer{w: w}).failure(no.status, nil, no.err.Raw())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// stateless reports whether a request without a body is of a client that has
// no sessions.
func stateless(r *http.Request) bool {
	era, _ := rpc.Era(r.Header.Get("Mcp-Protocol-Version"))
	return era == rpc.Stateless
}

// maxDeclared is the most bytes that a client may declare about itself: they
// are kept as long as the session.
const maxDeclared = 16 << 10

// initialize begins a session, which belongs to the caller from now on
// (MCP 2025-11-25, Lifecycle, "Initialization").
func (p *Portal) initialize(ctx context.Context, q *request) (result, error) {
	raw, _ := q.Param("protocolVersion")
	requested, ok := rpc.Unquote(raw)
	if !ok {
		return nil, rpc.InvalidParams("protocolVersion is missing or not a string")
	}
	declared, err := declaredBy(q)
	if err != nil {
		return nil, err
	}
	c := session.Client{Who: q.who.who(), Revision: rpc.Negotiate(requested), Caller: declared}
	id, _, err := p.sessions.Begin(ctx, c)
	if err != nil {
		return nil, overloaded(err)
	}
	q.answer.w.Header().Set(headerSession, id)
	return text(`{"protocolVersion":"` + string(c.Revision) + `",` + introduction + `,"serverInfo":` + serverInfo + `}`), nil
}

// declaredBy copies what a client says about itself: it outlives the message.
func declaredBy(q *request) (rpc.Caller, error) {
	capabilities, _ := q.Param("capabilities")
	info, _ := q.Param("clientInfo")
	for _, o := range [][]byte{capabilities, info} {
		if o != nil && o[0] != '{' {
			return rpc.Caller{}, rpc.InvalidParams("capabilities or clientInfo is not an object")
		}
	}
	if len(capabilities)+len(info) > maxDeclared {
		return rpc.Caller{}, rpc.InvalidParams("capabilities and clientInfo are too large")
	}
	return rpc.Caller{Capabilities: bytes.Clone(capabilities), ClientInfo: bytes.Clone(info)}, nil
}
