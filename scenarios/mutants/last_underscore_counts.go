package mutants

import (
	"net/http"
)

var _ = add(Mutant{
	ID: "last-underscore-counts", Says: "Takes all before the last underscore of a name for the id of a server.",
	Breaks: []string{"NS-03", "MCP-IX-02"},
	Tampering: calling("a", "b_echo", func(r *http.Request, call message) {
		r.URL.Host, r.Host = "a-b.example", "a-b.example"
		r.Header.Del(sessionID)
		call.member("params")["name"] = "echo"
		if r.Header.Get("Mcp-Name") != "" {
			r.Header.Set("Mcp-Name", "echo")
		}
	}),
})
