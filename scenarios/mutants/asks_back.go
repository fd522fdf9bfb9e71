package mutants

import "strings"

var _ = add(Mutant{
	ID: "asks-back", Says: "Asks a client whose request names a session for its roots, in the stream of the answer.",
	Breaks: []string{"MCP-FS-17"},
	Tampering: toOld(func(_ []byte, a *answer) {
		if strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
			a.Header.Set("Content-Type", "text/event-stream")
			a.Body = []byte(`data: {"jsonrpc":"2.0","id":"ask-1","method":"roots/list"}` + "\n\ndata: " + strings.TrimSpace(string(a.Body)) + "\n\n")
		}
	}),
})
