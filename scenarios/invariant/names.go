package invariant

import (
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/trace"
)

func nameRules() []Rule {
	return []Rule{
		{"names-lose-their-prefix", "What a client calls by the name of a server and a tool is called by the tool's own name.",
			[]string{"NS-03", "TC-01"}, fixtures.Must, namesLoseTheirPrefix},
		{"calls-go-to-their-server", "What a client calls by the name of a server and a tool is called at that one server.",
			[]string{"NS-03", "NS-05", "TC-01", "MCP-IX-01", "MCP-IX-02"}, fixtures.Must, callsGoToTheirServer},
		{"names-are-listed-once", "No list names two things alike.",
			[]string{"MCP-IX-02"}, fixtures.Must, namesAreListedOnce},
	}
}

// own is how the portal's own tools begin, which may call any other.
const own = "portal_"

func namesLoseTheirPrefix(v *view, h *hop) (bool, []string) {
	judged, _, wrong := v.called(h)
	return judged, wrong
}

func callsGoToTheirServer(v *view, h *hop) (bool, []string) {
	judged, strayed, _ := v.called(h)
	return judged, strayed
}

// called compares a call at a server with the calls that the
// portal was answering then. An alias is known by its server's list: what that
// does not offer, and was called, is another name for what it does.
func (v *view) called(h *hop) (judged bool, strayed, misnamed []string) {
	if !h.behind() || !portal(h.from) || h.crowded || len(h.asked) == 0 {
		return false, nil, nil
	}
	m := h.asked[0]
	kind := map[string]string{"tools/call": "tools", "prompts/get": "prompts"}[m.method]
	called, asked := m.name(), v.askedFor(h, m.method)
	if kind == "" || called == "" || len(asked) == 0 {
		return false, nil, nil
	}
	offers := v.offers[h.host]
	known, listed := offers[kind], offers[kind+" "+called]
	for _, name := range asked {
		server, tool, prefixed := strings.Cut(name, "_")
		switch {
		case strings.HasPrefix(name, own):
			return false, nil, nil // whatever it is, a tool of the portal's own may have called it
		case name == called && (!known || listed):
			return known, nil, nil // a portal without prefixes, or a name that has one by itself
		case prefixed && tool == called:
			return true, v.strays(h, server, len(asked)), nil
		case strings.HasSuffix(name, called) && name != called && !alphanumeric(name[len(name)-len(called)-1]):
			return true, nil, nil // another way to write a prefix
		case prefixed && known && listed && !offers[kind+" "+tool]:
			return true, nil, nil // an alias
		}
	}
	if !known && len(asked) != 1 {
		return false, nil, nil
	}
	return true, nil, []string{v.show(called) + " is called, though what was asked for is " + v.show(asked[0])}
}

func alphanumeric(c byte) bool { return wordly(c) && c != '-' && c != '_' }

// strays says if a server id leads past the server of that name, or has led to
// one host and leads to another now;
// with several calls open, either might have led here.
func (v *view) strays(h *hop, server string, open int) []string {
	if open != 1 {
		return nil
	}
	if to := v.parties[h.host]; v.trace.Roles[trace.Party(server)] == trace.Upstream && to != "" && string(to) != server {
		return []string{"what belongs to " + v.show(server) + " is called at " + v.show(string(to))}
	}
	if before := v.homes[server]; before != "" && before != h.host {
		return []string{"what belongs to " + v.show(server) + " is called at " + v.show(h.host) + ", and before at " + v.show(before)}
	}
	v.homes[server] = h.host
	return nil
}

// askedFor are the different names that the portal was asked for, by the
// method, while it sent the request.
func (v *view) askedFor(h *hop, method string) []string {
	var all []string
	seen := map[string]bool{}
	for _, i := range h.inside {
		for _, m := range v.hops[i].asked {
			name := m.name()
			switch {
			case m.method == method || m.method == "tools/call" && strings.HasPrefix(name, own):
				if name != "" && !seen[name] {
					seen[name] = true
					all = append(all, name)
				}
			}
		}
	}
	return all
}

// namesAreListedOnce looks at one page at a time.
func namesAreListedOnce(v *view, h *hop) (bool, []string) {
	if !v.front(h) {
		return false, nil
	}
	judged, wrong := false, []string(nil)
	for _, m := range h.told {
		result, _ := m.doc["result"].(map[string]any)
		for _, kind := range []string{"tools", "prompts"} {
			list, ok := result[kind].([]any)
			judged = judged || ok
			seen := map[string]bool{}
			for _, item := range list {
				o, _ := item.(map[string]any)
				name, ok := o["name"].(string)
				if ok && seen[name] {
					wrong = append(wrong, v.show(name)+" is listed twice")
				}
				seen[name] = true
			}
		}
	}
	return judged, wrong
}
