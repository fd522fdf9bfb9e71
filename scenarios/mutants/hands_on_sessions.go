package mutants

import (
	"net/http"
	"sync"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "hands-on-sessions", Says: "Tells servers in a header in which session the client asked.",
	Breaks: []string{"MCP-IX-12"}, Tampering: handing("X-Client-Session", sessionID, func(s string) string { return s }),
})

// handing passes a header of the last message at the front door on with calls,
// under another name and after a change.
func handing(as, header string, change func(string) string) inprocess.Tampering {
	var mu sync.Mutex
	last := ""
	config := sent(func(r *http.Request, m message) {
		mu.Lock()
		defer mu.Unlock()
		if last != "" && m.method() == "tools/call" {
			r.Header.Set(as, change(last))
		}
	})
	return inprocess.Tampering{
		Config: func(c *reference.Config) { last = ""; config(c) },
		Access: at("/mcp", asked(func(r *http.Request, m message) {
			mu.Lock()
			defer mu.Unlock()
			if value := r.Header.Get(header); m != nil && value != "" {
				last = value
			}
		})),
	}
}
