package mutants

import (
	"net/http"
)

var _ = add(Mutant{
	ID: "loses-empty-arguments", Says: "Leaves out arguments that are empty.",
	Breaks: []string{"TC-01", "MCP-IX-06"},
	Tampering: calling("wiki", "echo", func(_ *http.Request, call message) {
		delete(call.member("params").member("arguments"), "empty")
	}),
})
