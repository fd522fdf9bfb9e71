package mutants

import (
	"net/http"
	"strings"
	"sync"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "quotes-what-was-refused", Says: "Quotes the credential that a server refused when it tells of the refusal.",
	Breaks: []string{"MCP-IX-17", "CR-08", "MCP-UA-18", "SEC-Q-02"}, Tampering: quoting(),
})

// quoting adds the last credential that a server refused to what clients are
// told of it.
func quoting() inprocess.Tampering {
	const unauthorized = "unauthorized: "
	var mu sync.Mutex
	refused := ""
	config := upstreams(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		res, err := next.RoundTrip(r)
		mu.Lock()
		defer mu.Unlock()
		if shown := r.Header.Get("Authorization"); err == nil && res.StatusCode == http.StatusUnauthorized && shown != "" {
			refused = shown
		}
		return res, err
	})
	return inprocess.Tampering{
		Config: func(c *reference.Config) { refused = ""; config(c) },
		Portal: at("/mcp", answered(func(_ *http.Request, _ []byte, a *answer) {
			mu.Lock()
			defer mu.Unlock()
			a.Body = []byte(strings.Replace(string(a.Body), unauthorized, unauthorized+refused+" ", 1))
		})),
	}
}
