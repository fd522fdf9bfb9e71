package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "asks-before-refusing", Says: "Knocks at its first server for somebody without a credential, and refuses afterwards.",
	Breaks:    []string{"CD-02"},
	Tampering: hasty(func(r *http.Request) bool { return anonymous(r) && asks(r, "tools/list") }),
})

// hasty is a portal whose front door knocks at the first server before it looks
// at a request.
func hasty(early func(*http.Request) bool) inprocess.Tampering {
	var knock func(*http.Request)
	return inprocess.Tampering{
		Config: func(c *reference.Config) { knock = knocker(c) },
		Access: at("/mcp", func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if early(r) {
					knock(r)
				}
				next.ServeHTTP(w, r)
			})
		}),
	}
}

// knocker sends the portal to its first server with nothing to say.
func knocker(c *reference.Config) func(*http.Request) {
	direct, at := c.Direct, c.Servers[0].URL
	return func(r *http.Request) {
		q, err := http.NewRequestWithContext(r.Context(), http.MethodGet, at, nil)
		if err != nil {
			panic(err)
		}
		if res, err := direct.Do(q); err == nil {
			_ = res.Body.Close()
		}
	}
}
