package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "syncs-through-the-gateway", Says: "Synchronizes through the gateway when calls are routed.",
	Breaks: []string{"SY-05", "GW-12"},
	Tampering: inprocess.Tampering{Config: func(c *reference.Config) {
		if !c.RouteAll {
			return
		}
		inspected := c.Inspected.Transport
		c.Direct = through(c.Direct, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if r.URL.Path == "/mcp" {
				return inspected.RoundTrip(r)
			}
			return next.RoundTrip(r)
		})
	}},
})
