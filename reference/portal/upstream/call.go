package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// Call is a request of a client, to be relayed.
type Call struct {
	ID     json.RawMessage // the client's; does not go upstream, is not in the Answer
	Method string
	Params json.RawMessage // with the upstream's own names; nil: none
	From   rpc.Revision    // what the client speaks
	Caller rpc.Caller      // what the client declared
}

// Answer is the upstream's response in the client's revision, raw: either
// Result or Error, an error object, is set.
type Answer struct{ Result, Error json.RawMessage }

// Do relays one call. Notifications on its stream are handed to notify in
// order, each before the next is read; a slice is valid during its call. An
// error of notify cancels the call and is returned; nil drops them.
//
// A lost session is opened anew once and the call repeated once: the upstream
// said that it did not carry it out. Nothing else is repeated. When ctx ends,
// or no answer comes in time ([context.DeadlineExceeded]), the upstream is
// told in the manner of its era.
//
// A refusal by the upstream in JSON-RPC is an Answer, not an error, and so is
// what cannot be carried between the revisions (-32603). Errors are as with
// [Server.Open], and [ErrBroken].
func (c *Conn) Do(ctx context.Context, call Call, notify func(raw []byte) error) (Answer, error) {
	var answer Answer
	err := c.with(ctx, func(l *link) (err error) {
		answer, err = c.relay(ctx, l, call, notify)
		return err
	})
	if err != nil {
		return Answer{}, fmt.Errorf("%s at upstream %q: %w", call.Method, c.server.config.ID, err)
	}
	return answer, nil
}

func (c *Conn) relay(ctx context.Context, l *link, call Call, notify func(raw []byte) error) (Answer, error) {
	if !rpc.Exists(call.Method, l.era()) {
		return absent(call.Method), nil
	}
	params, err := rpc.TranslateParams(call.Params, call.From, l.era(), call.Caller)
	if err != nil {
		return Answer{}, err
	}
	e := &exchange{wire: c.wire, link: l, method: call.Method, id: c.server.nextID(), notify: notify}
	m, err := e.run(ctx, e.withToken(params))
	if err != nil {
		return Answer{}, err
	}
	return translate(m, call, l.era()), nil
}

// absent answers for a server whose revision lacks a method. ping has only
// one answer.
func absent(method string) Answer {
	if method == "ping" {
		return Answer{Result: json.RawMessage("{}")}
	}
	return failed(rpc.MethodNotFound(method))
}

func translate(m rpc.Message, call Call, era rpc.Revision) Answer {
	if m.Error != nil {
		return Answer{Error: rpc.TranslateError(m.Error, era, call.From)}
	}
	if era == rpc.Stateless {
		if err := rpc.CheckResultType(m); err != nil {
			return failed(err)
		}
	}
	result, err := rpc.TranslateResult(call.Method, m.Result, era, call.From)
	if err != nil {
		return failed(err)
	}
	return Answer{Result: result}
}

// failed is the answer to a call whose result the client cannot be given.
func failed(err error) Answer {
	e, ok := errors.AsType[*rpc.Error](err)
	if !ok || e.Code != rpc.CodeInternal && e.Code != rpc.CodeMethodNotFound {
		e = rpc.Internal("the upstream's result is malformed")
	}
	return Answer{Error: e.Raw()}
}
