package upstream_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-mcp/portico/simulators/upstream"
)

// TestClose: what is under way ends, without an answer that would be a lie.
func TestClose(t *testing.T) {
	for name, body := range map[string]string{
		stateful:  callBody("1", "slow", `{"ms":60000}`, ""),
		stateless: callBody("1", "slow", `{"ms":60000}`, ","+meta),
	} {
		s, base := start(t, upstream.Config{Tools: tools()})
		h := open(t, base, nil)
		if name == stateless {
			h = modern("tools/call", "slow")
		}
		ended := make(chan error, 1)
		go func() {
			request, err := http.NewRequest(http.MethodPost, base+"/mcp", strings.NewReader(body))
			if err != nil {
				ended <- nil
				return
			}
			for n, v := range h {
				request.Header.Set(n, v)
			}
			response, err := http.DefaultClient.Do(request)
			if err == nil {
				_ = response.Body.Close()
			}
			ended <- err
		}()
		time.Sleep(20 * time.Millisecond)
		_ = s.Close()
		if err := <-ended; err == nil {
			t.Errorf("%s: answered", name)
		}
	}
}
