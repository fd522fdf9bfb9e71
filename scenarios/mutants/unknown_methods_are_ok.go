package mutants

import (
	"bytes"
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "unknown-methods-are-ok", Says: "Answers 200 where a method is unknown, with the error in the body alone.",
	Breaks: []string{"MCP-FS-13", "SEC-H-23"},
	Tampering: inprocess.Tampering{Portal: answered(func(_ *http.Request, _ []byte, a *answer) {
		if a.Status == http.StatusNotFound && bytes.Contains(a.Body, []byte("-32601")) {
			a.Status = http.StatusOK
		}
	})},
})
