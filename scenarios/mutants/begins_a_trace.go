package mutants

import (
	"net/http"
)

var _ = add(Mutant{
	ID: "begins-a-trace", Says: "Begins a trace of its own for each call.",
	Breaks: []string{"MCP-IX-13"},
	Tampering: calling("attic", "trunk", func(_ *http.Request, call message) {
		if meta := call.member("params").member("_meta"); meta["traceparent"] != nil {
			meta["traceparent"] = "00-8a3c60f7d188f8fa79d48a391a778fa6-00f067aa0ba902b7-01"
		}
	}),
})
