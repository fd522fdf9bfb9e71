package mutants

import (
	"net/http"
	"sync"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "answers-from-anothers", Says: "Gives everybody the answer that the first was given.",
	Breaks:    []string{"MCP-IX-07"},
	Also:      []string{"MCP-IX-06", "SEC-E-20"}, // what the server said to the second is lost, who the second is too
	Tampering: inprocess.Tampering{Portal: rememberingAnswers},
})

// rememberingAnswers keeps the first result of a tool for everybody.
func rememberingAnswers(next http.Handler) http.Handler {
	var first sync.Map // result, by tool
	return told("tools/call", func(q, answer message) {
		if q.named() == "mail_whoami" {
			answer["result"], _ = first.LoadOrStore(q.named(), answer["result"])
		}
	})(next)
}
