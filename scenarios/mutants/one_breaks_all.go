package mutants

import (
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "one-breaks-all", Says: "Makes no more calls to any server once one has hung up on a call.",
	Breaks: []string{"TC-08"},
	Tampering: inprocess.Tampering{Config: func(c *reference.Config) {
		var open atomic.Bool
		upstreams(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if !asks(r, "tools/call") {
				return next.RoundTrip(r)
			}
			if open.Load() {
				return nil, errors.New("the circuit is open")
			}
			res, err := next.RoundTrip(r)
			open.Store(err != nil)
			return res, err
		})(c)
	}},
})
