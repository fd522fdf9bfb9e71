package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// discover asks which revisions a server speaks and chooses one. A stateful
// one that it returns for lack of a telling answer is a guess, which
// initialize then tests.
func (s *Server) discover(ctx context.Context, w wire, c rpc.Caller) (rpc.Revision, greeting, error) {
	params, err := rpc.TranslateParams(nil, rpc.Stateful, rpc.Stateless, c)
	if err != nil {
		return "", greeting{}, err
	}
	e := &exchange{wire: w, link: &link{revision: rpc.Stateless, probe: true}, method: "server/discover", id: s.nextID()}
	m, err := e.run(ctx, params)
	switch status, refused := errors.AsType[*StatusError](err); {
	case refused && silent(status.Status), errors.Is(err, ErrMalformed), errors.Is(err, ErrBroken):
		return rpc.Stateful, greeting{}, nil
	case err != nil:
		return "", greeting{}, err
	case m.Error != nil:
		answer := rpc.DecodeError(m.Error)
		return judged(answer.Code, answer.Data)
	}
	return discovered(m.Result)
}

// silent reports whether a status says nothing about the era: neither about
// credentials or load nor that something on the way failed.
func silent(status int) bool {
	return speaksOfRequest(status) || status == http.StatusInternalServerError || status == http.StatusNotImplemented
}

// judged reads the era from an error. An error that only the stateless
// revision has settles it; an unsupported version lists what is spoken, and
// some servers of the stateful era answer so too.
func judged(code int, data json.RawMessage) (rpc.Revision, greeting, error) {
	if !modern(code) {
		return rpc.Stateful, greeting{}, nil
	}
	listed, ok := versions(data, "supported")
	if code != rpc.CodeUnsupportedVersion || !ok {
		return rpc.Stateless, greeting{}, nil
	}
	return chosen(listed, greeting{})
}

func discovered(result json.RawMessage) (rpc.Revision, greeting, error) {
	listed, ok := versions(result, "supportedVersions")
	if !ok {
		return rpc.Stateful, greeting{}, nil
	}
	as, err := rpc.TranslateResult("server/discover", result, rpc.Stateless, rpc.Stateful)
	if err != nil {
		return chosen(listed, greeting{})
	}
	g, _, err := greet(as)
	if err != nil {
		g = greeting{}
	}
	return chosen(listed, g)
}

func chosen(listed []string, g greeting) (rpc.Revision, greeting, error) {
	revision := rpc.Choose(listed)
	if revision == "" {
		return "", greeting{}, ErrRevision
	}
	return revision, g, nil
}

// versions reads a member that is a list of strings.
func versions(object json.RawMessage, member string) ([]string, bool) {
	if object == nil {
		return nil, false
	}
	value, ok := rpc.Lookup(object, member)
	if !ok {
		return nil, false
	}
	items, err := rpc.Elements(value)
	if err != nil {
		return nil, false
	}
	listed := make([]string, 0, len(items))
	for _, item := range items {
		if text, ok := rpc.Unquote(item); ok {
			listed = append(listed, text)
		}
	}
	return listed, true
}
