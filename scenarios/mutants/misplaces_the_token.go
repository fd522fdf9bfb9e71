package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

const elsewhere = "X-Forwarded-Assertion"

var _ = add(Mutant{
	ID: "misplaces-the-token", Says: "Hands the application token of who lists tools to the portal in a header of its own.",
	Breaks: []string{"JW-01"},
	Tampering: inprocess.Tampering{
		Config: func(c *reference.Config) {
			c.Door = through(c.Door, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				if r.Header.Get(assertion.Header) != "" && asks(r, "tools/list") {
					move(r.Header, assertion.Header, elsewhere)
				}
				return next.RoundTrip(r)
			})
		},
		Portal: asked(func(r *http.Request, _ message) { move(r.Header, elsewhere, assertion.Header) }),
	},
})

func move(h http.Header, from, to string) {
	if value := h.Get(from); value != "" {
		h.Set(to, value)
		h.Del(from)
	}
}
