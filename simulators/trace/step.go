package trace

import "strings"

// Step is the part of the portal's work that an exchange belongs to. It is
// computed from what was seen, never announced by anybody.
type Step int

// The five steps, and what happens beside them.
const (
	Connect             Step = 1 // the challenge, and the metadata it leads to
	Authenticate        Step = 2 // a person signs in and tokens are issued
	SessionCreated      Step = 3 // the portal answers who it is and what it offers
	ToolCallProxied     Step = 4 // a call reaches the portal and leaves it
	UpstreamRequest     Step = 5 // the call arrives at the server that owns the tool
	BackgroundSync      Step = 6 // the portal asks a server for its tools by itself
	AdministratorAction Step = 7 // an admin acts, or grants the portal a credential
)

var stepNames = map[Step]string{
	Connect: "Connect", Authenticate: "Authenticate", SessionCreated: "Session created",
	ToolCallProxied: "Tool call proxied", UpstreamRequest: "Upstream request",
	BackgroundSync: "Background sync", AdministratorAction: "Administrator action",
}

// String is the step's name as the documentation spells it.
func (s Step) String() string { return stepNames[s] }

// StepOf says which step the i-th exchange belongs to.
//
// A hop of the portal inside a request it is answering belongs to that
// request's step, or to the upstream request when it carries it; a hop that
// the portal begins by itself is background sync.
func (t Trace) StepOf(i int) Step {
	e := t.Exchanges[i]
	switch from, to := t.Role(e.From), t.Role(e.To); {
	case to == Admin || from == Admin:
		return AdministratorAction
	case from == Browser:
		return Authenticate
	case from == Client:
		return clientStep(e)
	case from == Gateway:
		return t.outer(i, UpstreamRequest)
	case to == Upstream:
		return t.outer(i, UpstreamRequest)
	case to == Gateway:
		return t.outer(i, ToolCallProxied)
	case from == Access && to == Portal:
		return t.outer(i, clientStep(e))
	default:
		return t.outer(i, ToolCallProxied) // tokens and keys that a call needs
	}
}

// clientStep is the step of what a client asked, or of the same request on
// its way from the front door to the portal.
func clientStep(e Exchange) Step {
	switch method := e.Asked().Method; {
	case e.Status() == 401 && method != "":
		return Connect
	case method == "tools/call", method == "prompts/get", method == "resources/read", method == "completion/complete":
		return ToolCallProxied
	case method != "":
		return SessionCreated
	case strings.Contains(e.Path(), "/.well-known/"), strings.HasSuffix(e.Path(), "/register"):
		return Connect
	case strings.HasSuffix(e.Path(), "/mcp"):
		return SessionCreated
	default:
		return Authenticate
	}
}

// outer gives the step of the i-th exchange from the request inside which it
// happened: carried is what a hop that carries a call is called; a hop inside
// any other step belongs to that step; a hop inside nothing is the portal's own.
func (t Trace) outer(i int, carried Step) Step {
	parent := t.parent(i)
	if parent < 0 {
		if t.Role(t.Exchanges[i].From) == Access {
			return carried
		}
		return BackgroundSync
	}
	step := t.StepOf(parent)
	if step == ToolCallProxied {
		return carried
	}
	return step
}

// parent is the index of the innermost exchange during which the i-th was
// sent by the party that was answering it; -1 if there is none.
func (t Trace) parent(i int) int {
	child, best := t.Exchanges[i], -1
	for j, e := range t.Exchanges {
		open := e.Answered == 0 || e.Answered > child.Sent
		if e.To == child.From && e.Sent < child.Sent && open && !e.stream() {
			if best < 0 || e.Sent > t.Exchanges[best].Sent {
				best = j
			}
		}
	}
	return best
}

// stream says whether the exchange is a stand-alone stream of server-sent
// events, which takes no part in the order of a story.
func (e Exchange) stream() bool {
	return e.Request.Method == "GET" && e.Response != nil &&
		strings.HasPrefix(e.Response.Header.Get("Content-Type"), "text/event-stream")
}
