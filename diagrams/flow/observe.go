// Package flow draws who talks to whom: the parties of a town and an arrow for
// each hop that was observed, with the steps it was observed in.
package flow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/simulators/trace"
)

// Node is a place in the picture. All clients share one, and so do all
// browsers and all authorization servers of upstreams; each upstream has its own.
type Node string

// The nodes that are always the same.
const (
	Client              Node = "MCP client"
	Browser             Node = "Browser"
	Access              Node = "Access"
	Portal              Node = "Portal"
	Gateway             Node = "Gateway"
	IdentityProvider    Node = "Identity provider"
	AuthorizationServer Node = "Authorization server"
)

// Arrow is one kind of hop: from where to where, as part of what.
type Arrow struct {
	From, To Node
	Sync     bool // the portal's own errand, not a person's
}

// Sighting is how an arrow was observed.
type Sighting struct {
	Arrow
	Steps     []trace.Step // in which steps, in order
	Count     int          // how many exchanges
	Scenarios []string     // in which stories
}

// Picture is what is to be drawn: nothing that was not observed.
type Picture struct {
	Arrows    []Sighting
	Upstreams []Upstream // by name
}

// Upstream is a server and the kind of credential it was seen to receive.
type Upstream struct {
	Name       string
	Credential string
}

// Observe reads the arrows off the traces.
func Observe(traces []trace.Trace) Picture {
	seen := map[Arrow]*Sighting{}
	keys := map[string]*credentials{}
	for _, t := range traces {
		issued := issuedTokens(t)
		for i, e := range t.Exchanges {
			if a, ok := arrowOf(t, i); ok {
				note(seen, a, t.StepOf(i), t.Scenario)
			}
			if t.Role(e.To) == trace.Upstream && t.StepOf(i) == trace.UpstreamRequest {
				noteCredential(keys, string(e.To), e, issued)
			}
		}
	}
	return Picture{Arrows: arrows(seen), Upstreams: upstreams(keys)}
}

// arrowOf is the arrow of the i-th exchange; false for what the picture does
// not show: the admin's actions.
func arrowOf(t trace.Trace, i int) (Arrow, bool) {
	e, step := t.Exchanges[i], t.StepOf(i)
	from, okFrom := node(t, e.From)
	to, okTo := node(t, e.To)
	return Arrow{from, to, step == trace.BackgroundSync}, okFrom && okTo && step != trace.AdministratorAction
}

func node(t trace.Trace, p trace.Party) (Node, bool) {
	switch t.Role(p) {
	case trace.Client:
		return Client, true
	case trace.Browser:
		return Browser, true
	case trace.Access:
		return Access, true
	case trace.Portal:
		return Portal, true
	case trace.Gateway:
		return Gateway, true
	case trace.IdentityProvider:
		return IdentityProvider, true
	case trace.AuthorizationServer:
		return AuthorizationServer, true
	case trace.Upstream:
		return Node(p), true
	default:
		return "", false
	}
}

func note(seen map[Arrow]*Sighting, a Arrow, step trace.Step, scenario string) {
	s := seen[a]
	if s == nil {
		s = &Sighting{Arrow: a}
		seen[a] = s
	}
	s.Count++
	if !slices.Contains(s.Steps, step) {
		s.Steps = append(s.Steps, step)
		slices.Sort(s.Steps)
	}
	if !slices.Contains(s.Scenarios, scenario) {
		s.Scenarios = append(s.Scenarios, scenario)
		slices.Sort(s.Scenarios)
	}
}

func arrows(seen map[Arrow]*Sighting) []Sighting {
	var all []Sighting
	for _, s := range seen {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Sighting) int {
		return cmp.Or(strings.Compare(string(a.From), string(b.From)), strings.Compare(string(a.To), string(b.To)), cmp.Compare(a.Steps[0], b.Steps[0]))
	})
	return all
}

// credentials are what a server was called with.
type credentials struct {
	seen   map[string]bool
	issued bool // an authorization server of the trace had issued one
}

// issuedTokens are the tokens that authorization servers of upstreams gave out.
func issuedTokens(t trace.Trace) map[string]bool {
	tokens := map[string]bool{}
	for _, e := range t.Exchanges {
		if t.Role(e.To) != trace.AuthorizationServer || e.Response == nil {
			continue
		}
		if _, rest, ok := strings.Cut(e.Response.Body, `"access_token":"`); ok {
			token, _, _ := strings.Cut(rest, `"`)
			tokens[token] = true
		}
	}
	return tokens
}

func noteCredential(keys map[string]*credentials, server string, e trace.Exchange, issued map[string]bool) {
	c := keys[server]
	if c == nil {
		c = &credentials{seen: map[string]bool{}}
		keys[server] = c
	}
	_, token, ok := strings.Cut(e.Request.Header.Get("Authorization"), " ")
	if ok {
		c.seen[token] = true
		c.issued = c.issued || issued[token]
	}
}

func upstreams(keys map[string]*credentials) []Upstream {
	var all []Upstream
	for name, c := range keys {
		all = append(all, Upstream{name, c.kind()})
	}
	slices.SortFunc(all, func(a, b Upstream) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// kind is the credential as the server sees it.
func (c *credentials) kind() string {
	switch {
	case len(c.seen) == 0:
		return "no credential"
	case c.issued:
		return "the person's token"
	default:
		return "a static token"
	}
}

// hover is what is said of an arrow where a pointer rests on it.
func (s Sighting) hover() string {
	var steps []string
	for _, step := range s.Steps {
		steps = append(steps, step.String())
	}
	return fmt.Sprintf("%s to %s (%s): seen %d times, in %s", s.From, s.To, strings.Join(steps, ", "), s.Count, strings.Join(s.Scenarios, "; "))
}
