package mutants

import (
	"net/http"
	"strings"
)

var _ = add(Mutant{
	ID: "tokens-without-resource", Says: "Asks an authorization server for a token without naming the server it is for, and names it when that is refused.",
	Breaks: []string{"MCP-UA-06"},
	Tampering: tampering(upstreams(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			first := r.Clone(r.Context())
			f := form(r)
			f.Del("resource")
			setBody(first, []byte(f.Encode()))
			if res, err := next.RoundTrip(first); err != nil || res.StatusCode == http.StatusOK {
				return res, err
			}
		}
		return next.RoundTrip(r)
	})),
})
