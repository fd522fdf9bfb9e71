package mutants

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "one-grant-for-all", Says: "Makes no call for anybody once a grant at one server has ended.",
	Breaks:    []string{"UO-13"},
	Tampering: inprocess.Tampering{Portal: repeatsTheEnd},
})

// repeatsTheEnd gives the answer that tells of an ended grant to all calls after
// it, and no server hears of them.
func repeatsTheEnd(next http.Handler) http.Handler {
	var ended atomic.Pointer[json.RawMessage]
	listening := answered(func(_ *http.Request, _ []byte, a *answer) {
		var m struct{ Result json.RawMessage }
		if json.Unmarshal(a.Body, &m) == nil && strings.Contains(string(m.Result), `unauthorized: server \"memo\"`) {
			ended.Store(&m.Result)
		}
	})(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before := ended.Load()
		if before == nil || !asks(r, "tools/call") {
			listening.ServeHTTP(w, r)
			return
		}
		var call struct{ ID json.RawMessage }
		_ = json.NewDecoder(r.Body).Decode(&call) // it has been read before
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":` + string(call.ID) + `,"result":` + string(*before) + `}`))
	})
}
