package mutants

import "net/http"

var _ = add(Mutant{
	ID: "forgets-the-version", Says: "Ends its sessions with servers of 2025-11-25 without the revision that was agreed on.",
	Breaks: []string{"MCP-UC-02"},
	Tampering: tampering(sent(func(r *http.Request, _ message) {
		if r.Method == http.MethodDelete {
			r.Header.Del("Mcp-Protocol-Version")
		}
	})),
})
