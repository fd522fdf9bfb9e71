package mutants

import (
	"net/http"
	"net/url"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "errors-without-issuer", Says: "Does not say who it is when it refuses an authorization.",
	Breaks: []string{"MCP-AS-05", "SEC-A-09"},
	Tampering: inprocess.Tampering{Access: at("/oauth/authorize", answered(func(_ *http.Request, _ []byte, a *answer) {
		if to, err := url.Parse(a.Header.Get("Location")); err == nil && to.Query().Has("error") {
			q := to.Query()
			q.Del("iss")
			to.RawQuery = q.Encode()
			a.Header.Set("Location", to.String())
		}
	}))},
})
