// Package flow draws who talks to whom: the parties of a town and an arrow for
// each hop that was observed, with the steps it was observed in.
package flow

import (
	"cmp"
	"fmt"
	"maps"
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
	Answered  bool         // at least one of them was answered
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
	keys := map[string]map[string]bool{} // by server: what it was called with
	for _, t := range traces {
		owners := tokenOwners(t)
		for i, e := range t.Exchanges {
			if a, ok := arrowOf(t, i); ok {
				note(seen, a, t.StepOf(i), t.Scenario, e.Answered > 0)
			}
			if t.Role(e.To) != trace.Upstream {
				continue
			}
			if keys[string(e.To)] == nil {
				keys[string(e.To)] = map[string]bool{}
			}
			if t.StepOf(i) == trace.UpstreamRequest {
				keys[string(e.To)][credential(e, owners)] = true
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

func note(seen map[Arrow]*Sighting, a Arrow, step trace.Step, scenario string, answered bool) {
	s := seen[a]
	if s == nil {
		s = &Sighting{Arrow: a}
		seen[a] = s
	}
	s.Count++
	s.Answered = s.Answered || answered
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

// tokenOwners says whose each token of a trace is: a token that a client showed
// to access is the client's own; one that an upstream's authorization server
// gave out belongs to the person, or to the admin if it was asked for by a sync
// or by the admin.
func tokenOwners(t trace.Trace) map[string]string {
	owners := map[string]string{}
	for i, e := range t.Exchanges {
		if t.Role(e.To) == trace.AuthorizationServer && e.Response != nil {
			if _, rest, ok := strings.Cut(e.Response.Body, `"access_token":"`); ok {
				token, _, _ := strings.Cut(rest, `"`)
				owners[token] = personsToken
				if step := t.StepOf(i); step == trace.BackgroundSync || step == trace.AdministratorAction {
					owners[token] = "the admin's token"
				}
			}
		}
		if _, token, ok := strings.Cut(e.Request.Header.Get("Authorization"), " "); ok && t.Role(e.From) == trace.Client {
			owners[token] = "THE CLIENT'S TOKEN"
		}
	}
	return owners
}

const personsToken = "the person's token"

// credential is what a request shows to a server, in words.
func credential(e trace.Exchange, owners map[string]string) string {
	if _, token, ok := strings.Cut(e.Request.Header.Get("Authorization"), " "); ok {
		return cmp.Or(owners[token], "a static token")
	}
	for name := range e.Request.Header {
		if strings.HasPrefix(name, "X-") || name == "Cookie" || strings.HasPrefix(name, "Cf-Access-") {
			return "headers of its own"
		}
	}
	return "no credential"
}

func upstreams(keys map[string]map[string]bool) []Upstream {
	var all []Upstream
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		kinds := slices.Sorted(maps.Keys(keys[name]))
		if len(kinds) == 0 {
			kinds = []string{"not called here"}
		}
		all = append(all, Upstream{name, strings.Join(kinds, ", ")})
	}
	return all
}

// hover is what is said of an arrow where a pointer rests on it.
func (s Sighting) hover() string {
	var steps []string
	for _, step := range s.Steps {
		steps = append(steps, step.String())
	}
	return fmt.Sprintf("%s to %s (%s): seen %d times, in %s", s.From, s.To, strings.Join(steps, ", "), s.Count, strings.Join(s.Scenarios, "; "))
}
