package mutants

import "net/http"

var _ = add(Mutant{
	ID: "forwards-addresses", Says: "Tells servers from where the client came.",
	Breaks: []string{"MCP-IX-12"},
	Tampering: tampering(sent(func(r *http.Request, m message) {
		if m.method() == "tools/call" {
			r.Header.Set("X-Forwarded-For", "192.0.2.7")
		}
	})),
})
