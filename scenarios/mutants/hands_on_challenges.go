package mutants

import (
	"bytes"
	"net/http"
	"strings"
	"sync"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "hands-on-challenges", Says: "Tells a client the challenge of the server whose call failed for want of a credential.",
	Breaks: []string{"MCP-IX-11", "MCP-IX-12"}, Tampering: challengingOn(),
})

// challengingOn gives the last challenge that a server made to clients.
func challengingOn() inprocess.Tampering {
	var mu sync.Mutex
	last := ""
	config := upstreams(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		res, err := next.RoundTrip(r)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && strings.Contains(res.Header.Get("WWW-Authenticate"), "resource_metadata") {
			last = res.Header.Get("WWW-Authenticate")
		}
		return res, err
	})
	return inprocess.Tampering{
		Config: func(c *reference.Config) { last = ""; config(c) },
		Portal: at("/mcp", answered(func(_ *http.Request, _ []byte, a *answer) {
			mu.Lock()
			defer mu.Unlock()
			if last != "" && bytes.Contains(a.Body, []byte(`unauthorized: server`)) {
				a.Header.Set("WWW-Authenticate", last)
			}
		})),
	}
}
