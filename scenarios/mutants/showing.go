package mutants

import (
	"net/http"
	"strings"
	"sync"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

// showing tells clients with their results the value of a header of the last call
// of a server whose host begins so.
func showing(host, as, header string) inprocess.Tampering {
	var mu sync.Mutex
	last := ""
	config := sent(func(r *http.Request, m message) {
		mu.Lock()
		defer mu.Unlock()
		if value := r.Header.Get(header); value != "" && strings.HasPrefix(r.URL.Host, host) && m.method() == "tools/call" {
			last = value
		}
	})
	return inprocess.Tampering{
		Config: func(c *reference.Config) { last = ""; config(c) },
		Portal: at("/mcp", answered(func(_ *http.Request, request []byte, a *answer) {
			mu.Lock()
			defer mu.Unlock()
			m := read(a.Body)
			if m == nil {
				return
			}
			result := m.member("result")
			if last != "" && read(request).method() == "tools/call" && result["content"] != nil && result["isError"] != true {
				a.Header.Set(as, last)
			}
		})),
	}
}
