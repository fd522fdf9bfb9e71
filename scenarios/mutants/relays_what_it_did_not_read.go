package mutants

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "relays-what-it-did-not-read", Says: "Checks the last of two values under one key, and sends both to the server.",
	Breaks:    []string{"SEC-J-01"},
	Tampering: bothValues(),
})

// bothValues lets the portal read a message with each key once, and its server
// the message as it came.
func bothValues() (t inprocess.Tampering) {
	var came atomic.Pointer[[]byte]
	t.Portal = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			once := body
			if m := read(body); m != nil && m.method() == "tools/call" {
				if once = write(m); strings.Count(string(body), `":`) > strings.Count(string(once), `":`) {
					came.Store(&body)
				}
			}
			setBody(r, once)
			next.ServeHTTP(w, r)
		})
	}
	t.Config = upstreams(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if asks(r, "tools/call") {
			if raw := came.Swap(nil); raw != nil {
				sent, _ := io.ReadAll(r.Body)
				id, _ := json.Marshal(read(sent)["id"])
				whole := regexp.MustCompile(`"id":[0-9]+`).ReplaceAll(*raw, append([]byte(`"id":`), id...))
				setBody(r, []byte(strings.ReplaceAll(string(whole), `"wiki_`, `"`)))
			}
		}
		return next.RoundTrip(r)
	})
	return t
}
