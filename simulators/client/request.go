package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// awaited is a request on its way, and what has come for it.
type awaited struct {
	method string
	params json.RawMessage // nil: none
	id     json.RawMessage // nil: the next one
	follow bool            // asks for progress
	token  json.RawMessage // the progress token; nil: none

	answer        Answer
	progress      []json.RawMessage
	last          float64
	answered      bool
	notifications []json.RawMessage
}

// request sends a request and reads until its response is complete. Giving up
// on one is told to the server where closing the stream does not tell it.
func (s *Session) request(ctx context.Context, a *awaited) (Answer, error) {
	bounded, cancel := context.WithTimeout(ctx, s.client.config.Timeout)
	defer cancel()
	params := a.params
	if s.stateless {
		var err error
		if params, err = s.stamp(params); err != nil {
			return Answer{}, err
		}
	}
	if a.id == nil {
		a.id = s.nextID()
	}
	body, err := encode(a.id, a.method, params)
	if err != nil {
		return Answer{}, err
	}
	res, err := s.client.deliver(bounded, outgoing{http.MethodPost, s.header(a.method, params), body})
	if err == nil {
		err = s.read(bounded, cancel, res, a)
	}
	if err != nil && bounded.Err() != nil && !s.stateless {
		s.abandon(bounded, a)
	}
	a.answer.Notifications = a.notifications
	if err == nil && a.answer.Error != nil {
		err = a.answer.Error
	}
	return a.answer, err
}

// read reads the HTTP response to a request.
func (s *Session) read(ctx context.Context, cancel func(), res *http.Response, a *awaited) error {
	defer res.Body.Close()
	a.answer = Answer{HTTPStatus: res.StatusCode, Header: res.Header, RequestID: a.id}
	if err := s.checkHeader(res.Header); err != nil {
		return err
	}
	kind := mediaType(res.Header)
	switch {
	case res.StatusCode >= 300:
		return s.readRefused(res, a)
	case kind == "text/event-stream":
		return s.readStream(ctx, cancel, res.Body, a)
	case kind == "application/json":
		body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
		if err == nil {
			err = s.accept(ctx, body, a)
		}
		if err == nil && !a.answered {
			err = violation("a JSON body is the response", s.source("Transports"), "it is %q", excerpt(string(body)))
		}
		return err
	default:
		return violation("a request is answered with application/json or text/event-stream", s.source("Transports"),
			"HTTP %d has %q", res.StatusCode, res.Header.Get("Content-Type"))
	}
}

// readRefused reads a response that may be HTTP's refusal or carry a JSON-RPC
// error. A 404 is a lost session in Stateful, and in Stateless an unknown
// method.
func (s *Session) readRefused(res *http.Response, a *awaited) error {
	refused, err := readRefusal(res)
	if err != nil {
		return err
	}
	outside := []int{http.StatusUnauthorized, http.StatusForbidden}
	if !s.stateless && s.ID() != "" {
		outside = append(outside, http.StatusNotFound)
	}
	m, err := parseMessage(bytes.TrimSpace(refused.Body))
	if slices.Contains(outside, refused.Status) || !isJSON(refused.Header) || err != nil || m.fault == nil {
		return refused
	}
	if m.id != nil && !bytes.Equal(m.id, a.id) {
		return s.wrongID(m.id, a.id)
	}
	m.fault.Status = refused.Status
	a.answer.Error = m.fault
	return nil
}

// linger is how long a server may take to close a stream after the response.
const linger = time.Second

// readStream reads a stream to its end: what comes after the response breaks a
// rule too.
func (s *Session) readStream(ctx context.Context, cancel func(), body io.Reader, a *awaited) error {
	for data, err := range events(body) {
		if err != nil && a.answered {
			return nil // the server kept the stream open, and the client has closed it
		}
		if err != nil {
			return fmt.Errorf("read the stream of %s: %w", a.method, err)
		}
		before := a.answered
		if err := s.accept(ctx, data, a); err != nil {
			return err
		}
		if a.answered && !before {
			defer time.AfterFunc(linger, cancel).Stop()
		}
	}
	if !a.answered {
		return fmt.Errorf("read the stream of %s: it ended before the response: %w", a.method, io.ErrUnexpectedEOF)
	}
	return nil
}

// accept takes one message that came for a request.
func (s *Session) accept(ctx context.Context, raw []byte, a *awaited) error {
	m, err := parseMessage(raw)
	switch {
	case err != nil:
		return err
	case a.answered:
		return violation("nothing follows the response of a request", s.source("Progress"), "%q does", excerpt(string(raw)))
	case m.isRequest():
		return s.asked(ctx, m)
	case m.isNotification():
		a.notifications = append(a.notifications, slices.Clone(m.raw))
		return s.checkProgress(m, a)
	}
	a.answered = true
	if !bytes.Equal(m.id, a.id) {
		return s.wrongID(m.id, a.id)
	}
	if m.fault != nil {
		m.fault.Status = a.answer.HTTPStatus
		a.answer.Error = m.fault
		return nil
	}
	a.answer.Raw = m.result
	return s.checkResult(m.result, a.method)
}

func (s *Session) wrongID(got, want json.RawMessage) error {
	return violation("a response has the id of its request", s.source("Basic, \"Messages\""), "it has %q and not %s", got, want)
}

func (s *Session) checkResult(result json.RawMessage, method string) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(result, &members) != nil || members == nil {
		return violation("a result is an object", s.source("Basic, \"Messages\""), "it is %s", excerpt(string(result)))
	}
	if s.stateless {
		return s.checkResultType(members["resultType"], method)
	}
	return nil
}

// checkProgress keeps the progress of the request, which only grows and comes
// under its own token (MCP Progress).
func (s *Session) checkProgress(m message, a *awaited) error {
	if m.method != "notifications/progress" {
		return nil
	}
	var params struct {
		Token    json.RawMessage `json:"progressToken"`
		Progress *float64        `json:"progress"`
	}
	if json.Unmarshal(m.params, &params) != nil || params.Progress == nil {
		return violation("a progress notification has a number as progress", s.source("Progress"), "params are %s", excerpt(string(m.params)))
	}
	if a.token == nil || !bytes.Equal(params.Token, a.token) {
		return violation("progress comes under the token of its request", s.source("Progress"), "it comes under %q and not %q", params.Token, a.token)
	}
	if len(a.progress) > 0 && *params.Progress <= a.last {
		return violation("progress increases with each notification", s.source("Progress"), "%v follows %v", *params.Progress, a.last)
	}
	a.last = *params.Progress
	a.progress = append(a.progress, slices.Clone(m.raw))
	return nil
}
