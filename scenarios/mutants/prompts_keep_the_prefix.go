package mutants

import (
	"net/http"
)

var _ = add(Mutant{
	ID: "prompts-keep-the-prefix", Says: "Asks for a prompt by the name that the client asked for it by.",
	Breaks: []string{"TC-04"},
	Also:   []string{"MCP-IX-06"}, // the prompt comes to nothing
	Tampering: tampering(sent(func(r *http.Request, m message) {
		if m.method() != "prompts/get" {
			return
		}
		m.member("params")["name"] = "wiki_summary"
		if r.Header.Get("Mcp-Name") != "" {
			r.Header.Set("Mcp-Name", "wiki_summary")
		}
	})),
})
