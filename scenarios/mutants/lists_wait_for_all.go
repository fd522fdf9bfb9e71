package mutants

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "lists-wait-for-all", Says: "Lists tools when every server has been asked, or half a minute has gone by.",
	Breaks:    []string{"MCP-IX-08"},
	Tampering: asksSlowServers(),
})

// asksSlowServers asks the servers with a short patience for their tools before it
// answers tools/list, and does nothing with what they say.
func asksSlowServers() (t inprocess.Tampering) {
	var slow []string
	var dial *http.Client
	t.Config = func(c *reference.Config) {
		slow, dial = nil, c.Direct
		for _, s := range c.Servers {
			if s.Timeout > 0 {
				slow = append(slow, s.URL)
			}
		}
	}
	t.Portal = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, url := range slow {
				if !asks(r, "tools/list") {
					break
				}
				ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
				ask, _ := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
				if res, err := dial.Do(ask); err == nil {
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
				cancel()
			}
			next.ServeHTTP(w, r)
		})
	}
	return t
}
