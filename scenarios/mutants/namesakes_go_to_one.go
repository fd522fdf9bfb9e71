package mutants

import (
	"net/http"
)

var _ = add(Mutant{
	ID: "namesakes-go-to-one", Says: "Sends the calls of a name that two servers share to one of them.",
	Breaks: []string{"NS-05", "MCP-IX-01", "MCP-IX-02"},
	Also:   []string{"NS-03", "TC-01"}, // the call is not at the server of its prefix
	Tampering: calling("docs", "search", func(r *http.Request, _ message) {
		r.URL.Host, r.Host = "wiki.example", "wiki.example"
		r.Header.Del(sessionID)
	}),
})
