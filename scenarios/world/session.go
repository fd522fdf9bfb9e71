package world

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/simulators/client"
)

// Session is a person's connection: a protocol session in 2025-11-25, a grant
// in 2026-07-28.
type Session struct {
	person  *Person
	session *client.Session
}

// Answer is what a call came to.
type Answer struct {
	Text       string          // the text contents, joined by newlines
	IsError    bool            // the tool says it failed
	Structured json.RawMessage // structuredContent
	Raw        json.RawMessage // the whole result
	Progress   []float64       // progress notifications, in order
	Error      *client.RPCError
}

// Tools is the names of the tools the portal lists, in its order.
func (s *Session) Tools() []string {
	tools, err := s.TryTools()
	must(err)
	var names []string
	for _, t := range tools {
		names = append(names, t.Name)
	}
	return names
}

// TryTools is Tools for stories in which the session may be gone.
func (s *Session) TryTools() ([]client.Tool, error) {
	ended := s.person.acts("lists tools")
	tools, err := s.session.ListTools(s.person.world.ctx)
	ended(err != nil)
	return tools, err
}

// Listed is a tool's definition as the portal lists it; nil if it does not.
func (s *Session) Listed(tool string) json.RawMessage {
	tools, err := s.TryTools()
	must(err)
	for _, t := range tools {
		if t.Name == tool {
			return t.Raw
		}
	}
	return nil
}

// ID is the session's id; empty in a revision that has none.
func (s *Session) ID() string { return s.session.ID() }

// Capabilities are what the portal says it can do.
func (s *Session) Capabilities() map[string]json.RawMessage { return s.session.Capabilities() }

// Greeting is what the portal said of itself when the session began: the result
// of initialize or of server/discover.
func (s *Session) Greeting() map[string]any {
	var greeting map[string]any
	must(json.Unmarshal(s.session.Greeting(), &greeting))
	return greeting
}

// Negotiate is the revision that an initialize is answered in which asks for
// one; empty: it is refused.
func (s *Session) Negotiate(revision string) string {
	reply := s.Post(`{"jsonrpc":"2.0","id":"`+revision+`","method":"initialize","params":{"protocolVersion":"`+revision+
		`","capabilities":{},"clientInfo":{"name":"portico","version":"1"}}}`,
		http.Header{"Mcp-Protocol-Version": nil, "Mcp-Session-Id": nil, "Mcp-Method": nil})
	var answer struct {
		Result struct {
			Revision string `json:"protocolVersion"`
		} `json:"result"`
	}
	_ = json.Unmarshal([]byte(reply.Body), &answer) // what is no answer negotiates nothing
	return answer.Result.Revision
}

// Speaks says whether the portal really speaks a revision: the one of the
// session, or one that it takes when asked.
func (s *Session) Speaks(revision string) bool {
	return revision == s.session.Revision() || s.Negotiate(revision) == revision
}

// Serves says whether the portal answers the method that a capability it
// declares promises; what promises none it serves.
func (s *Session) Serves(capability string) bool {
	method := map[string]string{
		"tools": "tools/list", "prompts": "prompts/list", "resources": "resources/list", "completions": "completion/complete",
	}[capability]
	if method == "" {
		return true
	}
	refused := s.Ask(method, nil)
	return refused == nil || refused.Code != methodNotFound
}

const methodNotFound = -32601 // JSON-RPC 2.0 §5.1

// Prompts is the names of the prompts the portal lists, in its order.
func (s *Session) Prompts() []string {
	ended := s.person.acts("lists prompts")
	prompts, err := s.session.ListPrompts(s.person.world.ctx)
	ended(err != nil)
	must(err)
	var names []string
	for _, p := range prompts {
		names = append(names, p.Name)
	}
	return names
}

// Call calls a tool and returns its result, which may say that the tool
// failed.
func (s *Session) Call(tool string, args Args) Answer {
	a, err := s.TryCall(tool, args)
	must(err)
	if a.Error != nil {
		fail(a.Error)
	}
	return a
}

// TryCall is Call for stories in which the portal or the server may refuse.
func (s *Session) TryCall(tool string, args Args) (Answer, error) {
	return s.call(tool, args)
}

// Follow calls a tool and asks for progress.
func (s *Session) Follow(tool string, args Args) Answer {
	a, err := s.call(tool, args, client.WithProgress())
	must(err)
	return a
}

func (s *Session) call(tool string, args Args, options ...client.CallOption) (Answer, error) {
	ended := s.person.acts("calls " + tool)
	result, err := s.session.Call(s.person.world.ctx, tool, args, options...)
	ended(err != nil)
	var refused *client.RPCError
	if errors.As(err, &refused) {
		return Answer{Error: refused}, nil
	}
	if err != nil {
		return Answer{}, err
	}
	return Answer{
		Text: result.Text(), IsError: result.IsError, Structured: result.Structured, Raw: result.Raw, Progress: progress(result.Progress),
	}, nil
}

func progress(notifications []json.RawMessage) []float64 {
	var steps []float64
	for _, n := range notifications {
		var m struct{ Params struct{ Progress float64 } }
		must(json.Unmarshal(n, &m))
		steps = append(steps, m.Params.Progress)
	}
	return steps
}

// Prompt gets a prompt and returns the text of its messages.
func (s *Session) Prompt(name string, args map[string]string) string {
	text, err := s.TryPrompt(name, args)
	must(err)
	return text
}

// TryPrompt is Prompt for stories in which the portal or the server may refuse.
func (s *Session) TryPrompt(name string, args map[string]string) (string, error) {
	ended := s.person.acts("asks for the prompt " + name)
	raw, err := s.session.GetPrompt(s.person.world.ctx, name, args)
	ended(err != nil)
	if err != nil {
		return "", err
	}
	var prompt struct {
		Messages []struct{ Content struct{ Text string } }
	}
	if err := json.Unmarshal(raw, &prompt); err != nil {
		return "", err
	}
	var texts []string
	for _, m := range prompt.Messages {
		texts = append(texts, m.Content.Text)
	}
	return strings.Join(texts, "\n"), nil
}

// Ask sends any request and returns the error the portal answered with, nil if
// it answered with a result.
func (s *Session) Ask(method string, params any) *client.RPCError {
	ended := s.person.acts("asks " + method)
	answer, err := s.session.Send(s.person.world.ctx, method, params)
	ended(answer.Error != nil)
	if answer.Error == nil {
		must(err)
	}
	return answer.Error
}

// Request is the body of a request as the session's revision wants it, with
// these members of params.
func (s *Session) Request(method, members string) string {
	return string(s.session.Compose(method, members))
}

// RequestWith is Request with these members of _meta besides.
func (s *Session) RequestWith(method, members, meta string) string {
	const begin = `"_meta":{`
	body := s.Request(method, members)
	if at := strings.LastIndex(body, begin); at >= 0 && !strings.Contains(members, begin) {
		return body[:at+len(begin)] + meta + "," + body[at+len(begin):]
	}
	return s.Request(method, members+","+begin+meta+"}")
}

// Post sends a body as it is, with the session's credential and headers.
func (s *Session) Post(body string, header http.Header) Reply {
	ended := s.person.acts("POST /mcp")
	status, h, b, err := s.session.Post(s.person.world.ctx, []byte(body), header)
	must(err)
	ended(status >= http.StatusBadRequest)
	return Reply{Status: status, Header: h, Body: string(b)}
}

// End closes the session.
func (s *Session) End() {
	ended := s.person.acts("ends the session")
	err := s.session.Close(s.person.world.ctx)
	ended(err != nil)
	must(err)
}

// Reply is an HTTP response as it came.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}
