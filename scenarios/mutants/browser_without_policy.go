package mutants

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "browser-without-policy", Says: "Asks its policies about clients, and lets any browser in whose person can sign in.",
	Breaks: []string{"MO-13", "PO-01"}, Tampering: halfGuarded(),
})

func halfGuarded() inprocess.Tampering {
	var clients sync.Map // states of sign-ins that a client began
	var client atomic.Bool
	return inprocess.Tampering{
		Config: func(c *reference.Config) {
			allow := c.Allow
			c.Allow = func(who access.Identity) bool { return !client.Load() || allow(who) }
		},
		Access: func(next http.Handler) http.Handler {
			began := answered(func(_ *http.Request, _ []byte, a *answer) {
				if to, err := url.Parse(a.Header.Get("Location")); err == nil {
					clients.Store(to.Query().Get("state"), true)
				}
			})
			ends := asked(func(r *http.Request, _ message) {
				_, is := clients.Load(r.URL.Query().Get("state"))
				client.Store(is)
			})
			return at("/oauth/consent", began)(at("/login/callback", ends)(next))
		},
	}
}
