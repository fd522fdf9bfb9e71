package live

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/trace"
)

// home is the page of the town.
type home struct {
	Endpoint, World, Purpose, Revision, Portal string

	Journal journal
	Current current
	Verbs   []form // the deeds
	Breaks  []form // the faults
	Methods []string
	Call    callForm
	Done    *effect // nil: nothing was ordered just now
}

// current is what changes by itself: the part of the page that is asked for
// again.
type current struct {
	Picture picture
	Rules   rules
	People  []human
	Servers []served
	Faults  []ill
	Trouble string // why something could not be found out
	Filter  filter
}

// human is somebody of the town.
type human struct {
	Resident
	Clients, Servers []string
}

// served is a server.
type served struct {
	ServerState
	At                place
	State             string // class: ready, error, or neither
	Synced            string
	Ours              bool // it is a simulator of ours
	Faults            []string
	Tools             []toolOf
	Breaks            []form
	Trouble, Offering string
}

// toolOf is a tool as the portal lists it, and as its server does.
type toolOf struct{ Listed, Own, Query string }

// ill is a fault that is set.
type ill struct{ Party, Kind, Text string }

// home answers with the whole page.
func (s *site) home(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := readFilter(q)
	h := home{
		Endpoint: s.of.Endpoint, World: s.of.World.Name, Purpose: s.of.World.Purpose, Portal: s.ready.Portal,
		Revision: cmp.Or(s.ready.Revision, client.Stateful+" and "+client.Stateless),
		Journal:  s.readJournal(f, number(q.Get("before"))),
		Current:  s.current(r.Context(), f), Done: s.outcomes.find(q.Get("done")), Methods: methods,
	}
	for _, v := range Verbs() {
		if v.Fault {
			h.Breaks = append(h.Breaks, s.formOf(v, ""))
		} else {
			h.Verbs = append(h.Verbs, s.formOf(v, ""))
		}
	}
	h.Call = s.callForm(q)
	show(w, http.StatusOK, "home", h)
}

// state answers with what changes by itself.
func (s *site) state(w http.ResponseWriter, r *http.Request) {
	show(w, http.StatusOK, "state", s.current(r.Context(), readFilter(r.URL.Query())))
}

// number is a number of an address; 0: it is none.
func number(text string) int {
	n := 0
	_, _ = fmt.Sscanf(text, "%d", &n)
	return max(0, n)
}

// methods are what faults are often told to strike.
var methods = []string{"tools/call", "tools/list", "initialize", "server/discover", "ping", "prompts/list", "resources/list", "/token", "/mcp"}

// current looks at the town. What cannot be found out because the town is ill is
// said, and the rest is shown.
func (s *site) current(ctx context.Context, f filter) current {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	c := current{Filter: f, Rules: s.rulesNow()}
	people, err := s.of.Residents(ctx)
	if err == nil {
		var servers []ServerState
		servers, err = s.of.ServerStates(ctx)
		for _, state := range servers {
			c.Servers = append(c.Servers, s.servedOf(state))
		}
	}
	if err != nil {
		c.Trouble = visible(brief("The portal's admin API could not be asked: " + err.Error()))
	}
	for _, p := range people {
		c.People = append(c.People, humanOf(p))
	}
	ailing := s.of.Ailing()
	counts := map[trace.Party]int{}
	for party, set := range ailing {
		counts[party] = len(set)
		for _, fault := range set {
			c.Faults = append(c.Faults, ill{string(party), fault.Kind, visible(fault.String())})
		}
	}
	slices.SortFunc(c.Faults, func(a, b ill) int { return cmp.Compare(a.Party+a.Text, b.Party+b.Text) })
	c.Picture = draw(s.of.World, s.routed(ctx), counts, f.At)
	return c
}

// routed says whether calls go through the gateway; what the world says if the
// portal does not.
func (s *site) routed(ctx context.Context) bool {
	var said struct {
		On *bool `json:"secure_web_gateway"`
	}
	if err := s.of.aside.Do(ctx, http.MethodGet, "/portal", nil, &said); err != nil || said.On == nil {
		return bool(s.of.World.Gateway)
	}
	return *said.On
}

func humanOf(p Resident) human {
	h := human{Resident: p}
	for _, c := range p.Clients {
		h.Clients = append(h.Clients, visible(brief(c.Client))+until(c.Expires))
	}
	for _, c := range p.Servers {
		said := visible(c.Server) + until(c.Expires)
		if c.Revoked {
			said = visible(c.Server) + ": revoked"
		}
		h.Servers = append(h.Servers, said)
	}
	return h
}

// until says when an access token ends.
func until(t time.Time) string {
	switch left := time.Until(t); {
	case t.IsZero():
		return ""
	case left <= 0:
		return ": token has ended"
	default:
		return ": token until " + t.Local().Format("15:04:05")
	}
}

func (s *site) servedOf(state ServerState) served {
	v := served{ServerState: state, At: place(state.ID), Ours: s.of.Servers[state.ID] != nil}
	switch state.Status.Status {
	case "ready":
		v.State = "ready"
	case "error", "not taken":
		v.State = "failed"
	}
	v.Trouble = visible(brief(state.Error))
	v.Synced = "never"
	if at := state.LastSuccessfulSync; at != nil {
		v.Synced = at.Local().Format("15:04:05")
	}
	for _, f := range state.Faults {
		v.Faults = append(v.Faults, visible(f.String()))
	}
	v.Tools = s.tools(state.ID)
	v.Offering = visible(strings.Join(state.Skipped, "; "))
	if v.Ours {
		v.Breaks = s.formsAt(state.ID)
	}
	return v
}

// formsAt are the forms of everything that can be done to a server of ours.
func (s *site) formsAt(id string) []form {
	var all []form
	for _, v := range Verbs() {
		if len(v.Takes) == 0 || v.Name == "sync" || v.Name == "restart" {
			continue
		}
		switch kind := v.Takes[0].Kind; {
		case kind == AServer && slices.Contains(s.serversFor(v.Name), id), kind == AParty && v.Fault && s.canBefall(v.Name, trace.Party(id)):
			all = append(all, s.formOf(v, id))
		}
	}
	return all
}

// tools are what a server of ours offers, as the portal lists it.
func (s *site) tools(id string) []toolOf {
	own := s.of.Servers[id]
	if own == nil {
		return nil
	}
	var all []toolOf
	for _, t := range own.Tools() {
		listed := id + "_" + t.Name
		all = append(all, toolOf{visible(listed), visible(t.Name), url.Values{"tool": {listed}}.Encode()})
	}
	return all
}

// form is a verb as a form.
type form struct {
	Verb     string
	Sentence string
	Fields   []field
	Fault    bool
	Back     string
	ID       string // of the form, on the page
}

// field is what a verb wants to be told.
type field struct {
	Name, Label string
	Kind        Kind
	Optional    bool
	Fixed       string  // it is known already
	Groups      []group // to choose from; nil: it is typed
	Hint        string  // what it is otherwise
}

type group struct {
	Name    string
	Options []string
}

// formOf makes the form of a verb; at, if it is not empty, is who it is done to.
func (s *site) formOf(v Verb, at string) form {
	f := form{Verb: v.Name, Sentence: strings.TrimPrefix(v.Sentence, "PARTY "), Fault: v.Fault, Back: "do", ID: "do-" + v.Name}
	if at != "" {
		f.Back, f.ID = "servers", "at-"+at+"-"+v.Name
	}
	for i, a := range v.Takes {
		one := field{Name: fmt.Sprintf("a%d", i), Label: a.Name, Kind: a.Kind, Optional: a.Optional}
		if at != "" && i == 0 {
			one.Fixed = at
		} else {
			one.Groups, one.Hint = s.choices(v, a, at)
		}
		f.Fields = append(f.Fields, one)
	}
	return f
}

// choices are what an argument can be in this town, or how it is typed.
func (s *site) choices(v Verb, a Argument, at string) ([]group, string) {
	switch a.Kind {
	case APerson:
		return []group{{Options: s.persons()}}, ""
	case AServer:
		return []group{{Options: s.serversFor(v.Name)}}, ""
	case AParty:
		return []group{{Options: s.parties(v)}}, ""
	case ATool:
		return s.toolGroups(at), ""
	case ASwitch:
		return []group{{Options: []string{"on", "off", "down", "up"}}}, ""
	}
	if v.Name == "clear" {
		return []group{{Options: faults.Names()}}, ""
	}
	k, err := faults.Find(v.Name)
	switch {
	case a.Kind == AStatus && err == nil:
		return nil, fmt.Sprint(k.Status)
	case a.Kind == ADuration && err == nil:
		return nil, k.Delay.String()
	case a.Kind == ADuration:
		return nil, "2h"
	}
	return nil, ""
}

func (s *site) persons() []string {
	var all []string
	for _, p := range s.of.People {
		all = append(all, p.ID)
	}
	return all
}

// serversFor are the servers that a verb can be done to.
func (s *site) serversFor(verb string) []string {
	var all []string
	for _, server := range s.of.World.Servers {
		ours, protected := s.of.Servers[server.ID] != nil, server.Auth == fixtures.OAuth
		fits := ours
		switch verb {
		case "sync":
			fits = true
		case "revoke", "authorize":
			fits = protected
		}
		if fits {
			all = append(all, server.ID)
		}
	}
	return all
}

// parties are those that a fault can befall.
func (s *site) parties(v Verb) []string {
	var all []string
	for party := range s.of.Faults {
		if !v.Fault || s.canBefall(v.Name, party) {
			all = append(all, string(party))
		}
	}
	slices.Sort(all)
	return all
}

// canBefall says whether a kind of fault can befall a party, or the
// authorization server that protects it.
func (s *site) canBefall(fault string, party trace.Party) bool {
	k, err := faults.Find(fault)
	own, as := s.of.Faults[party], s.of.Faults[party+"-as"]
	return err == nil && (own != nil && own.Befalls(k) || as != nil && as.Befalls(k))
}

func (s *site) toolGroups(at string) []group {
	var all []group
	for _, server := range s.of.World.Servers {
		if own := s.of.Servers[server.ID]; own != nil && (at == "" || at == server.ID) {
			g := group{Name: server.ID}
			for _, t := range own.Tools() {
				g.Options = append(g.Options, t.Name)
			}
			all = append(all, g)
		}
	}
	return all
}

// callForm is the form to call a tool with.
type callForm struct {
	People, Revisions []string
	Tools             []string // as the portal lists them
	Tool, Args        string   // that were chosen
}

func (s *site) callForm(q url.Values) callForm {
	f := callForm{Revisions: []string{client.Stateless, client.Stateful}, Tool: q.Get("tool"), People: s.persons()}
	for _, server := range s.of.World.Servers {
		own := s.of.Servers[server.ID]
		if own == nil {
			continue
		}
		for _, t := range own.Tools() {
			listed := server.ID + "_" + t.Name
			f.Tools = append(f.Tools, listed)
			if f.Tool == "" && len(f.Tools) == 1 || f.Tool == listed {
				f.Tool, f.Args = listed, sample(t.InputSchema)
			}
		}
	}
	return f
}

// sample is arguments that a tool would take, a line for each that it requires.
func sample(schema json.RawMessage) string {
	var s struct {
		Properties map[string]struct{ Type string }
		Required   []string
	}
	_ = json.Unmarshal(schema, &s)
	var lines []string
	for _, name := range s.Required {
		switch s.Properties[name].Type {
		case "integer", "number":
			lines = append(lines, name+":=3")
		case "boolean":
			lines = append(lines, name+":=true")
		case "object":
			lines = append(lines, name+":={}")
		case "array":
			lines = append(lines, name+":=[]")
		default:
			lines = append(lines, name+"=badgers")
		}
	}
	return strings.Join(lines, "\n")
}

func byNewest(rows []row) { slices.SortFunc(rows, func(a, b row) int { return b.ID - a.ID }) }
func byOldest(rows []row) { slices.SortFunc(rows, func(a, b row) int { return a.ID - b.ID }) }
