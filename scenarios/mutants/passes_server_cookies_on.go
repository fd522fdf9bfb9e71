package mutants

import (
	"net/http"
	"sync/atomic"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "passes-server-cookies-on", Says: "Sets the cookies of servers at its clients.",
	Breaks:    []string{"MCP-IX-12"},
	Tampering: settingCookies(),
})

func settingCookies() inprocess.Tampering {
	var last atomic.Value
	return inprocess.Tampering{
		Config: servers(func(_ *http.Request, res *http.Response) {
			if cookie := res.Header.Get("Set-Cookie"); cookie != "" {
				last.Store(cookie)
			}
		}),
		Access: at("/mcp", answered(func(_ *http.Request, _ []byte, a *answer) {
			if cookie, ok := last.Load().(string); ok {
				a.Header.Set("Set-Cookie", cookie)
			}
		})),
	}
}
