package mutants

import (
	"net/http"
	"sync/atomic"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "every-second-call-past", Says: "Sends every second call past the gateway that all are to go through.",
	Breaks: []string{"GW-01", "GW-04"},
	Tampering: inprocess.Tampering{Config: func(c *reference.Config) {
		var calls atomic.Int64
		direct := c.Direct.Transport
		c.Inspected = through(c.Inspected, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if asks(r, "tools/call") && calls.Add(1)%2 == 0 {
				return direct.RoundTrip(r)
			}
			return next.RoundTrip(r)
		})
	}},
})
