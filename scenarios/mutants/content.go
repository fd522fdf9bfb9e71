package mutants

import (
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

// named is the name that a call or a request for a prompt has.
func (m message) named() string {
	params, _ := m["params"].(map[string]any)
	name, _ := params["name"].(string)
	return name
}

// answering is a portal that answers the calls of one tool otherwise, by the name
// that clients know.
func answering(tool string, rewrite func(request, answer message)) inprocess.Tampering {
	return inprocess.Tampering{Portal: at("/mcp", told("tools/call", func(q, answer message) {
		if q.named() == tool {
			rewrite(q, answer)
		}
	}))}
}

// resulting is answering for calls that have a result.
func resulting(tool string, rewrite func(result message)) inprocess.Tampering {
	return answering(tool, func(_, answer message) {
		if result, ok := answer["result"].(map[string]any); ok {
			rewrite(result)
		}
	})
}

// defining is a portal that lists one tool otherwise than its server does.
func defining(tool string, rewrite func(definition message)) inprocess.Tampering {
	return inprocess.Tampering{Portal: at("/mcp", listed("tools", func(all []any) []any {
		for _, item := range all {
			if nameOf(item) == tool {
				rewrite(item.(map[string]any))
			}
		}
		return all
	}))}
}

// calling is a portal that sends the calls of one tool on otherwise, by the name
// that the server knows, to the server of that name.
func calling(server, tool string, rewrite func(r *http.Request, call message)) inprocess.Tampering {
	return inprocess.Tampering{Config: sent(func(r *http.Request, m message) {
		if to(r, server) && m.method() == "tools/call" && m.named() == tool {
			rewrite(r, m)
		}
	})}
}

// to says whether a request goes to the server of a name.
func to(r *http.Request, server string) bool {
	return strings.HasPrefix(r.URL.Host, server+".")
}

// streaming is a portal that tells the events of a call of a tool otherwise; the
// last is the answer. A request that is answered without a stream has that one
// event.
func streaming(tool string, rewrite func(call message, events []string) []string) inprocess.Tampering {
	return inprocess.Tampering{Portal: at("/mcp", answered(func(_ *http.Request, request []byte, a *answer) {
		q := read(request)
		if q.method() != "tools/call" || q.named() != tool {
			return
		}
		events := []string{"data: " + string(a.Body)}
		if strings.HasPrefix(a.Header.Get("Content-Type"), "text/event-stream") {
			events = strings.Split(strings.TrimSuffix(string(a.Body), "\n\n"), "\n\n")
		}
		a.Body = []byte(strings.Join(rewrite(q, events), "\n\n") + "\n\n")
		a.Header.Set("Content-Type", "text/event-stream")
	}))}
}

// server is a configured server of the world, nil if there is none.
func server(c *reference.Config, id string) *configured {
	for i := range c.Servers {
		if c.Servers[i].ID == id {
			return &c.Servers[i]
		}
	}
	return nil
}
