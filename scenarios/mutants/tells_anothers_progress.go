package mutants

import (
	"net/http"
	"strings"
	"sync"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "tells-anothers-progress", Says: "Tells everybody the progress that the first was told.",
	Breaks:    []string{"MCP-IX-07"},
	Tampering: inprocess.Tampering{Portal: firstProgress},
})

func firstProgress(next http.Handler) http.Handler {
	var first sync.Map // the events before the answer, by tool
	return streaming("wiki_count", func(call message, events []string) []string {
		last := len(events) - 1
		if last < 3 {
			return events
		}
		before, _ := first.LoadOrStore(call.named(), events[:last:last])
		token, _ := call.member("params").member("_meta")["progressToken"].(string)
		var told []string
		for _, event := range before.([]string) {
			told = append(told, strings.Replace(event, tokenOf(event), token, 1))
		}
		return append(told, events[last])
	}).Portal(next)
}

// tokenOf is the progress token of an event.
func tokenOf(event string) string {
	_, rest, _ := strings.Cut(event, `"progressToken":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}
