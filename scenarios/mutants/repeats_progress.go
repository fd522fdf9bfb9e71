package mutants

import (
	"bytes"
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "repeats-progress", Says: "Tells every progress notification twice.",
	Breaks: []string{"MCP-FS-39"},
	Also:   []string{"MCP-IX-07"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", answered(func(_ *http.Request, _ []byte, a *answer) {
		var twice [][]byte
		for event := range bytes.SplitSeq(a.Body, []byte("\n\n")) {
			if twice = append(twice, event); bytes.Contains(event, []byte("notifications/progress")) {
				twice = append(twice, event)
			}
		}
		a.Body = bytes.Join(twice, []byte("\n\n"))
	}))},
})
