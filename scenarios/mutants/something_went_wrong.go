package mutants

import (
	"bytes"
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "something-went-wrong", Says: "Says of a refused credential that something went wrong.",
	Breaks: []string{"TC-11"},
	Tampering: inprocess.Tampering{Portal: answered(func(_ *http.Request, _ []byte, a *answer) {
		a.Body = bytes.ReplaceAll(a.Body, []byte("unauthorized: server"), []byte("something went wrong: server"))
	})},
})
