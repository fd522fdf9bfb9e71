package mutants

import (
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "clients-pass-the-gateway", Says: "Sends what clients ask its front door for through the gateway first.",
	Breaks:    []string{"GW-21"},
	Tampering: roundabout(),
})

// roundabout leads requests for the front door's metadata, which carry nothing
// secret, through the gateway and back to it.
func roundabout() (t inprocess.Tampering) {
	var way *httputil.ReverseProxy // nil: calls are not routed
	t.Config = func(c *reference.Config) {
		to, err := url.Parse(c.Origin)
		if err != nil {
			panic(err)
		}
		if way = nil; c.RouteAll {
			way = &httputil.ReverseProxy{Transport: c.Inspected.Transport, Rewrite: func(p *httputil.ProxyRequest) {
				p.SetURL(to)
				p.Out.Header = http.Header{}
			}}
		}
	}
	t.Access = at("/.well-known/oauth-authorization-server", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if way == nil || r.Header.Get("Via") != "" { // it is back
				next.ServeHTTP(w, r)
				return
			}
			way.ServeHTTP(w, r)
		})
	})
	return t
}
