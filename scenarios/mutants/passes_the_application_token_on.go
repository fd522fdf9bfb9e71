package mutants

import (
	"net/http"
	"sync/atomic"

	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "passes-the-application-token-on", Says: "Hands its application token to a server.",
	Breaks:    []string{"CR-07"},
	Also:      []string{"MCP-IX-12"}, // an internal header reaches a server
	Tampering: passingOn(),
})

func passingOn() inprocess.Tampering {
	var token atomic.Value
	t := tampering(sent(func(r *http.Request, m message) {
		if found, ok := token.Load().(string); ok && to(r, "wiki") && m.method() == "tools/call" {
			r.Header.Set("X-Identity", found)
		}
	}))
	t.Portal = picking(func(r *http.Request) string { return r.Header.Get(assertion.Header) }, &token)
	return t
}
