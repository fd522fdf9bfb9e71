package upstream_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// echo is a transport without a network: what is left is the work of Do.
type echo struct{ result string }

func (e echo) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	id, _ := rpc.Lookup(body, "id")
	answer := rpc.ResultMessage(id, json.RawMessage(e.result))
	return &http.Response{StatusCode: 200, ContentLength: int64(len(answer)),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(answer))}, nil
}

func BenchmarkDo(b *testing.B) {
	for size, text := range map[string]string{"200B": "badgers", "64KB": strings.Repeat("badgers ", 8192)} {
		b.Run(size, func(b *testing.B) {
			s := upstream.New(upstream.Config{ID: "wiki", URL: "http://wiki.example/mcp", Revision: rpc.Stateless,
				HTTP: &http.Client{Transport: echo{`{"content":[{"type":"text","text":"` + text + `"}]}`}}})
			c, err := s.Open(b.Context(), nil, rpc.Caller{})
			if err != nil {
				b.Fatal(err)
			}
			request := call(c, `{"name":"echo","arguments":{"text":"`+text+`"}}`)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Do(b.Context(), request, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
