package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "widens-the-second-page", Says: "Lists tools on two pages, the first for one person and the second for everybody.",
	Breaks:    []string{"MCP-FS-33"},
	Tampering: inprocess.Tampering{Portal: paged},
})

// paged deals out lists of tools of 2026-07-28 on two pages.
func paged(next http.Handler) http.Handler {
	const second = "the-second-page"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Protocol-Version") < "2026-07-28" || !asks(r, "tools/list") {
			next.ServeHTTP(w, r)
			return
		}
		later := false
		asked(func(_ *http.Request, m message) {
			params := m.member("params")
			later = params["cursor"] == second
			delete(params, "cursor")
		})(told("tools/list", func(_, answer message) {
			result, _ := answer["result"].(map[string]any)
			tools, _ := result["tools"].([]any)
			switch half := len(tools) / 2; {
			case result == nil:
			case later:
				result["tools"], result["cacheScope"] = tools[half:], "public"
			default:
				result["tools"], result["cacheScope"], result["nextCursor"] = tools[:half], "private", second
			}
		})(next)).ServeHTTP(w, r)
	})
}
