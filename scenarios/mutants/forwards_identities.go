package mutants

import "net/http"

var _ = add(Mutant{
	ID: "forwards-identities", Says: "Tells servers in a header of proxies whom the front door let in.",
	Breaks: []string{"CR-07", "MCP-IX-12"},
	Tampering: tampering(sent(func(r *http.Request, m message) {
		if m.method() == "tools/call" {
			r.Header.Set("X-Forwarded-Email", "alice@town.example")
		}
	})),
})
