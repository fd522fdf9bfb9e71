package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/session"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// errUnanswered says that the client wants no answer any more.
var errUnanswered = errors.New("cancelled by the client")

// ErrUnknownServer says that no server has this id.
var ErrUnknownServer = errors.New("no such server")

// relayedError is a server's JSON-RPC error object, passed on raw.
type relayedError json.RawMessage

// Error says where the error came from.
func (relayedError) Error() string { return "the server answered with an error" }

// overloaded is what a client is told when no session can be kept for it.
func overloaded(err error) error {
	if errors.Is(err, session.ErrFull) {
		return rpc.Internal("the portal has too many sessions; try again later")
	}
	return err
}

// explain says to a client what went wrong with a server: the server's id and
// what to do about it, nothing from inside. It is the one place where such
// errors become answers.
func (p *Portal) explain(ctx context.Context, q *request, s *server, err error) (result, error) {
	if ctx.Err() != nil {
		return nil, errUnanswered
	}
	p.log.WarnContext(ctx, "server failed a call", "server", s.ID, "method", q.Method, "error", err)
	if !p.unauthorized(ctx, q, s, err) {
		return nil, rpc.Internal(trouble(s.ID, err))
	}
	advice := p.advice(s, err)
	if q.Method != "tools/call" {
		return nil, rpc.Internal(advice)
	}
	return toolError(q.rev, advice), nil
}

// unauthorized reports whether an error is about the credential of this call,
// and lets the vault learn from a challenge for more scopes.
func (p *Portal) unauthorized(ctx context.Context, q *request, s *server, err error) bool {
	if errors.Is(err, credential.ErrConsentRequired) || errors.Is(err, credential.ErrRefreshRefused) || errors.Is(err, upstream.ErrUnauthorized) {
		return true
	}
	status, ok := errors.AsType[*upstream.StatusError](err)
	if !ok || status.Status != http.StatusForbidden || status.Challenge == "" {
		return false
	}
	if s.Auth == OAuth {
		if err := p.credentials.Challenged(ctx, s.owner(q.who), s.ID, status.Challenge); err != nil {
			p.log.WarnContext(ctx, "challenge not kept", "server", s.ID, "error", err)
		}
	}
	return true
}

// advice is what a person is told who can, or cannot, do something about a
// credential.
func (p *Portal) advice(s *server, err error) string {
	switch {
	case !s.personal():
		return fmt.Sprintf("unauthorized: server %q does not accept the portal's credential. Its administrator has to renew it.", s.ID)
	case errors.Is(err, credential.ErrConsentRequired):
		return fmt.Sprintf("unauthorized: server %q needs your authorization. Connect it at %s and call again.", s.ID, p.origin+serversPath)
	default:
		return fmt.Sprintf("unauthorized: server %q does not accept your authorization any more. Sign in again at %s and call again.", s.ID, p.origin+serversPath)
	}
}

// toolError is a result by which a tool says that it failed, so that the model
// sees why (MCP 2025-11-25, Tools, "Error Handling").
func toolError(rev rpc.Revision, message string) result {
	r := `{"content":[{"type":"text","text":` + string(rpc.Quote(message)) + `}],"isError":true`
	if rev == rpc.Stateless {
		r += `,"resultType":"complete"`
	}
	return text(r + "}")
}

// trouble describes a failure for clients.
func trouble(id string, err error) string {
	status, answered := errors.AsType[*upstream.StatusError](err)
	_, refused := errors.AsType[*rpc.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("server %q did not answer in time", id)
	case answered:
		return fmt.Sprintf("server %q answered with HTTP status %d", id, status.Status)
	case errors.Is(err, upstream.ErrRevision):
		return fmt.Sprintf("server %q speaks no revision of MCP that the portal speaks", id)
	case refused || errors.Is(err, upstream.ErrMalformed):
		return fmt.Sprintf("server %q did not answer as MCP asks", id)
	case errors.Is(err, upstream.ErrBroken):
		return fmt.Sprintf("server %q broke off before its answer", id)
	case errors.Is(err, credential.ErrUnavailable):
		return fmt.Sprintf("the authorization server of %q did not answer", id)
	}
	return fmt.Sprintf("server %q could not be reached", id)
}
