package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "asks-the-idp-about-tokens", Says: "Shows the client's token to the identity provider, to ask whether it is good.",
	Breaks:    []string{"MCP-FA-07"},
	Also:      []string{"CR-07", "MO-14", "MCP-IX-12", "SEC-F-19"}, // the rule takes the identity provider for one of the servers
	Tampering: askingTheProvider(),
})

func askingTheProvider() inprocess.Tampering {
	var ask func(*http.Request)
	return inprocess.Tampering{
		Config: func(c *reference.Config) {
			door, at := c.Door, c.IdentityProvider.Issuer+"/userinfo"
			ask = func(r *http.Request) {
				q, err := http.NewRequestWithContext(r.Context(), http.MethodGet, at, nil)
				if err != nil {
					panic(err)
				}
				q.Header.Set("Authorization", r.Header.Get("Authorization"))
				if res, err := door.Do(q); err == nil {
					_ = res.Body.Close()
				}
			}
		},
		Access: at("/mcp", asked(func(r *http.Request, m message) {
			if m.method() == "tools/call" && m.named() == "mail_whoami" && r.Header.Get("Authorization") != "" {
				ask(r)
			}
		})),
	}
}
