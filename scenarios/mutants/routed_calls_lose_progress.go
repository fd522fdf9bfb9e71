package mutants

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "routed-calls-lose-progress", Says: "Passes on the last progress notification alone of a call that the gateway carries.",
	Breaks: []string{"MCP-FS-39"},
	Tampering: inprocess.Tampering{Config: func(c *reference.Config) {
		c.Inspected = through(c.Inspected, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			call := asks(r, "tools/call")
			res, err := next.RoundTrip(r)
			if err != nil || !call || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
				return res, err
			}
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil {
				return nil, err
			}
			res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(lastProgress(body))), -1
			res.Header.Del("Content-Length")
			return res, nil
		})
	}},
})

// lastProgress is a stream without the progress notifications before the last.
func lastProgress(stream []byte) []byte {
	notification := regexp.MustCompile(`data:[^\n]*notifications/progress[^\n]*\n`)
	all := notification.FindAllIndex(stream, -1)
	for i := len(all) - 2; i >= 0; i-- {
		stream = append(stream[:all[i][0]:all[i][0]], stream[all[i][1]:]...)
	}
	return stream
}
