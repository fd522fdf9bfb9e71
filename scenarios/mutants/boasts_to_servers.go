package mutants

import "net/http"

var _ = add(Mutant{
	ID: "boasts-to-servers", Says: "Tells servers that every client can sample.",
	Breaks: []string{"MCP-UC-07"},
	Tampering: tampering(sent(func(_ *http.Request, m message) {
		if m.method() != "tools/call" {
			return
		}
		if meta, ok := m.member("params")["_meta"].(map[string]any); ok {
			meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{"sampling": map[string]any{}}
		}
	})),
})
