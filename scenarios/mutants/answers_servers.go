package mutants

import (
	"net/http"
	"strings"
)

var _ = add(Mutant{
	ID: "answers-servers", Says: "Posts a server of 2026-07-28 an answer that it did not ask for.",
	Breaks: []string{"MCP-UC-14"},
	Tampering: tampering(upstreams(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if asks(r, "tools/call") && r.Header.Get("Mcp-Protocol-Version") >= "2026-07-28" && strings.HasPrefix(r.URL.Host, "wiki.") {
			also := r.Clone(r.Context())
			also.Header.Del("Mcp-Method")
			also.Header.Del("Mcp-Name")
			setBody(also, []byte(`{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}`))
			if res, err := next.RoundTrip(also); err == nil {
				_ = res.Body.Close()
			}
		}
		return next.RoundTrip(r)
	})),
})
