package mutants

import (
	"net/http"
	"sync/atomic"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "leads-anywhere", Says: "Sends the browser wherever a client with a document wants it.",
	Breaks: []string{"MCP-AS-07"}, Tampering: anywhere(),
})

func anywhere() inprocess.Tampering {
	var wanted atomic.Value
	return inprocess.Tampering{
		Config: func(c *reference.Config) {
			c.Door = documents(c.Door, func(_ *http.Request, m message) { m["redirect_uris"] = []any{wanted.Load()} })
		},
		Access: at("/oauth/authorize", asked(func(r *http.Request, _ message) { wanted.Store(r.URL.Query().Get("redirect_uri")) })),
	}
}
