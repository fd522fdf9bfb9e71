package portal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/session"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// request is a client's message on its way through the portal.
type request struct {
	rpc.Message
	rev    rpc.Revision // the era the client speaks
	who    caller
	client rpc.Caller // what the client declared
	state  *state     // nil: an initialize, or a notification of a client without session
	http   *http.Request
	answer *answer

	server, name string // what it was resolved to, for the log
}

type state = session.State[*upstream.Conn]

// refusal is an HTTP answer to what is not taken up as a request.
type refusal struct {
	status int
	err    *rpc.Error
}

// refuse is the refusal of a message that breaks the protocol's rules. Before
// the revision is known the statuses of the newer one are used: they say more.
func refuse(e *rpc.Error) *refusal { return &refusal{e.HTTPStatus(rpc.Stateless), e} }

// post takes a message: a request is answered, a notification accepted.
func (p *Portal) post(w http.ResponseWriter, r *http.Request, who caller) {
	q := &request{who: who, http: r, answer: &answer{w: w}}
	if no := p.receive(q); no != nil {
		q.answer.failure(no.status, q.ID, no.err.Raw())
		return
	}
	if q.IsNotification() {
		q.notified()
		w.WriteHeader(http.StatusAccepted)
		return
	}
	p.serve(q)
}

// receive reads and checks a message, in the order in which a lie could do
// harm: what it is, whether all readers would read the same, whether headers
// and body agree, whose session it belongs to.
func (p *Portal) receive(q *request) *refusal {
	body, no := readBody(q.answer.w, q.http, p.maxBody)
	if no != nil {
		return no
	}
	var err error
	if q.Message, err = rpc.Parse(body); err != nil {
		return refuse(rpcError(err))
	}
	var e *rpc.Error
	if q.rev, e = rpc.RevisionOf(q.http.Header, q.Message); e != nil {
		return refuse(e)
	}
	if e := rpc.CheckHeaders(q.http.Header, q.Message); e != nil {
		return refuse(e)
	}
	if q.IsResponse() {
		return refuse(rpc.InvalidRequest("the portal asked nothing that this could answer"))
	}
	return p.admit(q)
}

func rpcError(err error) *rpc.Error {
	if e, ok := errors.AsType[*rpc.Error](err); ok {
		return e
	}
	return rpc.Internal("internal error")
}

// serve answers a request and writes one line about it. Neither arguments nor
// anything secret is in it.
func (p *Portal) serve(q *request) {
	begun := time.Now()
	result, err := p.dispatch(q.http.Context(), q)
	outcome := q.reply(result, err)
	p.logCall(q, time.Since(begun), outcome)
}

// reply writes what came of a request, and says it in a word for the log.
func (q *request) reply(r result, err error) (outcome string) {
	if err == nil {
		q.answer.result(q.ID, r)
		return "ok"
	}
	if errors.Is(err, errUnanswered) {
		q.answer.nothing()
		return "cancelled"
	}
	if relayed, ok := errors.AsType[relayedError](err); ok {
		q.answer.failure(rpc.DecodeError(json.RawMessage(relayed)).HTTPStatus(q.rev), q.ID, json.RawMessage(relayed))
		return "error of the server"
	}
	e := rpcError(err)
	q.answer.failure(e.HTTPStatus(q.rev), q.ID, e.Raw())
	return "error"
}

// lifetime is the context of a relayed request. In the stateful era a client
// that goes away has not cancelled anything, so only its notification ends the
// request (MCP 2025-11-25, Transports, "Sending Messages to the Server"); in the
// stateless one the end of the connection does (MCP 2026-07-28, Cancellation).
func (q *request) lifetime(ctx context.Context) (context.Context, func()) {
	if q.rev == rpc.Stateless {
		return ctx, func() {}
	}
	return q.state.Track(context.WithoutCancel(ctx), string(q.ID))
}

// notified takes a notification. Only cancellation concerns the portal; the
// others are accepted and go nowhere.
func (q *request) notified() {
	if q.Method != "notifications/cancelled" || q.state == nil {
		return
	}
	if id, ok := q.Param("requestId"); ok {
		q.state.Cancel(string(id))
	}
}
