package mutants

import (
	"context"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "allow-all", Says: "Lets everybody in as alice, whatever they show.",
	Breaks:    []string{"CD-02", "MCP-FA-03", "MCP-FA-05", "MCP-FA-06", "SEC-E-01", "PO-01", "MO-13"},
	Also:      []string{"*"},
	Tampering: open(),
})

// open is a portal without a front door: its MCP endpoint passes everything on,
// and who asks is always alice.
func open() inprocess.Tampering {
	var behind http.Handler
	return inprocess.Tampering{
		Config: func(c *reference.Config) {
			to, err := url.Parse(c.InternalOrigin)
			if err != nil {
				panic(err)
			}
			proxy := httputil.NewSingleHostReverseProxy(to)
			proxy.Transport, proxy.FlushInterval, behind = c.Door.Transport, -1, proxy
			c.Adjust = func(_ *access.Config, p *portal.Config) { p.Identifier = always{} }
		},
		Access: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/mcp" {
					behind.ServeHTTP(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	}
}

// always takes everybody for alice.
type always struct{}

func (always) Verify(context.Context, string) (assertion.Identity, error) {
	return assertion.Identity{Subject: "alice", Email: "alice@town.example", Grant: "any", Expires: time.Now().Add(time.Hour)}, nil
}
