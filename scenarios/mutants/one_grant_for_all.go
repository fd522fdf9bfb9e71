package mutants

import (
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

// repeatsTheEnd gives the answer that tells of an ended grant to all calls after it.
func repeatsTheEnd(next http.Handler) http.Handler {
	var ended atomic.Pointer[any]
	return told("tools/call", func(_, answer message) {
		if before := ended.Load(); before != nil {
			delete(answer, "error")
			answer["result"] = *before
		} else if result := answer["result"]; strings.HasPrefix(firstText(result), `unauthorized: server "memo"`) {
			ended.Store(&result)
		}
	})(next)
}

// firstText is the text of a result's first content; empty if it has none.
func firstText(result any) string {
	r, _ := result.(map[string]any)
	contents, _ := r["content"].([]any)
	if len(contents) == 0 {
		return ""
	}
	first, _ := contents[0].(map[string]any)
	text, _ := first["text"].(string)
	return text
}
