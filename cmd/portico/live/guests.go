package live

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Call is a call of a tool by somebody of the town, who signs in without a
// browser.
type Call struct {
	As       string         `json:"as"`       // a person; empty: alice
	Revision string         `json:"revision"` // empty: 2026-07-28
	Tool     string         `json:"tool"`     // as the portal lists it
	Args     map[string]any `json:"args"`
}

// Called is what a call came to.
type Called struct {
	Text    string          `json:"text"`     // the text contents, joined by newlines
	IsError bool            `json:"is_error"` // the tool says it failed
	Result  json.RawMessage `json:"result,omitempty"`
	Error   string          `json:"error,omitempty"` // why there is no result
	Hops    []network.Seen  `json:"hops"`            // what was seen because of it
}

// ReadArguments reads the arguments of a tool: name=text, and name:=JSON for what
// is no text. The error is ErrUsage.
func ReadArguments(words []string) (map[string]any, error) {
	args := map[string]any{}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" || name == ":" {
			return nil, fmt.Errorf("%w: %q is no argument; write name=text, or name:=JSON for what is no text", ErrUsage, word)
		}
		raw, isJSON := strings.CutSuffix(name, ":")
		if !isJSON {
			args[name] = value
			continue
		}
		if !json.Valid([]byte(value)) {
			return nil, fmt.Errorf("%w: %q is not JSON", ErrUsage, value)
		}
		args[raw] = json.RawMessage(value)
	}
	return args, nil
}

// CallTool calls a tool. The error says that nothing was called: ErrUsage. What
// the portal or a server refused is in Called.
func (t *Town) CallTool(ctx context.Context, c Call) (Called, error) {
	if c.As == "" && len(t.World.People) > 0 {
		c.As = t.World.People[0]
	}
	guest, err := t.guest(c.As, c.Revision)
	if err != nil {
		return Called{}, err
	}
	before := t.Network.Latest()
	var called Called
	session, err := guest.Connect(ctx)
	if err == nil {
		defer func() { _ = session.Close(context.WithoutCancel(ctx)) }()
		var result *client.Result
		if result, err = session.Call(ctx, c.Tool, c.Args); err == nil {
			called = Called{Text: result.Text(), IsError: result.IsError, Result: result.Raw}
		}
	}
	if err != nil {
		called.Error = err.Error()
	}
	called.Hops = t.After(before)
	return called, nil
}

// After is what was seen after an event, with letters for what is opaque.
func (t *Town) After(event int) []network.Seen {
	seen := append([]network.Seen{}, t.Network.News(event, 0).Seen...)
	t.named(seen)
	return seen
}

// AccessToken signs somebody in, if need be, and gives the token that the
// portal issued: what a curl line wants to have.
func (t *Town) AccessToken(ctx context.Context, person string) (string, error) {
	guest, err := t.guest(person, "")
	if err != nil {
		return "", err
	}
	session, err := guest.Connect(ctx)
	if err != nil {
		return "", err
	}
	return guest.Credentials().AccessToken, session.Close(ctx)
}

// guest is the client of somebody who calls from here: the same one every time,
// so that a sign-in lasts.
func (t *Town) guest(person, revision string) (*client.Client, error) {
	p, err := t.person(person)
	if err != nil {
		return nil, err
	}
	if revision == "" {
		revision = client.Stateless
	}
	if revision != client.Stateless && revision != client.Stateful {
		return nil, fmt.Errorf("%w: revision %q; there are %s and %s", ErrUsage, revision, client.Stateful, client.Stateless)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := p.ID + " " + revision
	if c := t.clients[key]; c != nil {
		return c, nil
	}
	dial, err := t.Client(trace.Party(p.ID), trace.Client)
	if err != nil {
		return nil, err
	}
	browser, err := t.Browser(p.ID)
	if err != nil {
		return nil, err
	}
	t.clients[key] = client.New(client.Config{
		Endpoint: t.Endpoint, Revision: revision, Name: p.ID + "'s client", HTTP: dial,
		Browser: browser,
	})
	return t.clients[key], nil
}

// forgetClients lets a person begin anew.
func (t *Town) forgetClients(person string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key := range t.clients {
		if strings.HasPrefix(key, person+" ") {
			delete(t.clients, key)
		}
	}
}
