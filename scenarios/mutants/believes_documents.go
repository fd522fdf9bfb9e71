package mutants

import (
	"bytes"
	"io"
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "believes-documents", Says: "Takes a client's document whatever id it names.",
	Breaks: []string{"MCP-AS-07"},
	Tampering: inprocess.Tampering{Config: func(c *reference.Config) {
		c.Door = documents(c.Door, func(r *http.Request, m message) { m["client_id"] = r.URL.String() })
	}},
})

// documents is a client that reads other clients' metadata documents otherwise,
// and keeps none.
func documents(c *http.Client, rewrite func(*http.Request, message)) *http.Client {
	return through(c, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		res, err := next.RoundTrip(r)
		if err != nil || r.URL.Path != "/client.json" {
			return res, err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return nil, err
		}
		body = eachMessage(res.Header, body, func(m message) { rewrite(r, m) })
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		res.Header.Set("Cache-Control", "no-store")
		res.Header.Del("Content-Length")
		return res, nil
	})
}
