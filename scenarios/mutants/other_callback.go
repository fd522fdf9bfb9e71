package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "other-callback", Says: "Has servers send people back to a path of its own choice.",
	Breaks: []string{"UO-02"},
	Tampering: inprocess.Tampering{
		Config: func(c *reference.Config) {
			c.Adjust = func(_ *access.Config, p *portal.Config) {
				v := credential.New(credential.Config{
					RedirectURI: p.Origin + "/callback", AdminRedirectURI: p.AdminOrigin + "/servers-callback", HTTP: p.Direct, Store: p.Store,
				})
				p.Credentials, p.Consents = v, v
			}
		},
		Access: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/callback" {
					r.URL.Path = "/servers-callback"
				}
				next.ServeHTTP(w, r)
			})
		},
	},
})
